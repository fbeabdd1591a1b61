// file: sidecar/bad.ts
// tool: lint
// says: only sidecar/config/ may import convict
import convict from 'convict';
export const bad = convict;
