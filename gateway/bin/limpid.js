#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';

// The young generation of the heap stays as small as it starts: under load it would grow to 32 MiB and stay there.
// A box has little memory, and a gateway little garbage. Set before anything is loaded, and here rather than on the
// first line, so that it also holds for `node limpid.js`.
setFlagsFromString('--optimize-for-size');
setFlagsFromString('--semi-space-growth-factor=1');
await import('../dist/main.js');
