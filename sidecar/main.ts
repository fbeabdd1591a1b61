#!/usr/bin/env node
/** Entry of the `swancast` command: argv in, exit code out. */
import './engine.ts';
import { main } from './cli/program.ts';

void main(process.argv).then((code) => {
  process.exitCode = code;
});
