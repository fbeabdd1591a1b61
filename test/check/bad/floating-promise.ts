// file: sidecar/bad.ts
// tool: lint
// says: no-floating-promises
const later = async (): Promise<void> => {};
export function bad(): void {
  later();
}
