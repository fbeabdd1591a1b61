// file: health/bad.ts
// tool: format
// says: Code style issues found
export   const bad = {a:1}
