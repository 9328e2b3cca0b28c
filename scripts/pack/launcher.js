#!/usr/bin/env node
// Starts the r8scan of this platform, and ends as it ends.
"use strict";
const { spawn } = require("node:child_process");

const name = `@r8scan/${process.platform}-${process.arch}`;
let program;
try {
  program = require.resolve(`${name}/bin/r8scan${process.platform === "win32" ? ".exe" : ""}`);
} catch {
  console.error(`r8scan: the package ${name} is not installed: install it next to this one, without --omit=optional`);
  process.exit(2);
}

const child = spawn(program, process.argv.slice(2), { stdio: "inherit", windowsHide: true });

// A terminal sends Ctrl-C to both, and a second one ends r8scan at once.
const atTerminal = [0, 1, 2].some((fd) => require("node:tty").isatty(fd));
process.on("SIGINT", () => atTerminal || child.kill("SIGINT"));
for (const signal of ["SIGTERM", "SIGHUP"]) {
  process.on(signal, () => child.kill(signal));
}

child.on("error", (err) => {
  console.error(`r8scan: cannot start ${program}: ${err.message}`);
  process.exit(2);
});
child.on("exit", (code, signal) => {
  if (signal === null) {
    process.exit(code);
  }
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});
