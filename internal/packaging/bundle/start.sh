#!/bin/sh
# Starts the program for this system, also where unpacking lost its run bit.
case "$(uname -s) $(uname -m)" in
  Darwin*) system=darwin ;;
  "Linux x86_64") system=linux-amd64 ;;
  "Linux aarch64" | "Linux arm64") system=linux-arm64 ;;
  *)
    echo "instaview-mcp: there is no program for $(uname -s) on $(uname -m)" >&2
    exit 1
    ;;
esac
program="$(dirname "$0")/instaview-mcp-$system"
[ -x "$program" ] || chmod +x "$program"
exec "$program" "$@"
