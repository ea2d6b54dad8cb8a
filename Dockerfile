# docker build . makes the image of a clone. A release makes the same image of
# its own binaries, for each processor: --target=release.

ARG BASE=gcr.io/distroless/static-debian13:nonroot

FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-X instaview-mcp/internal/app.Version=$VERSION" -o /instaview-mcp .

# No shell, no package manager, certificates of the usual authorities, and a
# user that is not root.
FROM ${BASE} AS base
USER 65532:65532
LABEL org.opencontainers.image.title="instaview-mcp" \
      org.opencontainers.image.description="MCP server for InstaView candidate-sourcing runs" \
      org.opencontainers.image.licenses="MIT" \
      io.modelcontextprotocol.server.name="io.github.example/instaview-mcp"
# Over stdio there is nothing to ask; over HTTP, orchestrators ask /healthz.
HEALTHCHECK NONE
ENTRYPOINT ["/instaview-mcp"]

FROM base AS release
ARG TARGETPLATFORM
COPY ${TARGETPLATFORM}/instaview-mcp /instaview-mcp

FROM base
COPY --from=build /instaview-mcp /instaview-mcp
