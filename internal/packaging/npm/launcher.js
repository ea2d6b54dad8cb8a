#!/usr/bin/env node
// Starts the program, which is in the package of this platform, in its own
// place: same arguments, streams, signals and exit status.
"use strict";

const { spawn } = require("node:child_process");

function program() {
  const name = `instaview-mcp-${process.platform}-${process.arch}`;
  const file = process.platform === "win32" ? "instaview-mcp.exe" : "instaview-mcp";
  try {
    return require.resolve(`${name}/${file}`);
  } catch {
    console.error(
      `instaview-mcp: the package ${name} is not installed. Install again without ` +
        "--omit=optional or --no-optional; if there is no such package, this platform has no build."
    );
    process.exit(1);
  }
}

const child = spawn(program(), process.argv.slice(2), { stdio: "inherit" });

const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
for (const signal of signals) {
  process.on(signal, () => child.kill(signal));
}

child.on("error", (error) => {
  console.error(`instaview-mcp: the program does not start: ${error.message}`);
  process.exit(1);
});

child.on("exit", (status, signal) => {
  if (!signal) {
    process.exit(status);
  }
  for (const s of signals) {
    process.removeAllListeners(s);
  }
  process.kill(process.pid, signal);
});
