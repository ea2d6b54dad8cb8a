FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-X instaview-mcp/internal/app.Version=$VERSION" -o /instaview-mcp .

# No shell, no package manager, certificates of the usual authorities, and a
# user that is not root.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /instaview-mcp /instaview-mcp
ENTRYPOINT ["/instaview-mcp"]
