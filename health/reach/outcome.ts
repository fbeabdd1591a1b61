/** What came of trying to reach something. Pure. */
export type Reached =
  | { readonly kind: 'reached'; readonly detail: string }
  | { readonly kind: 'failed'; readonly detail: string }
  /** Nothing is known: the tool for it is missing, or may not be used. */
  | { readonly kind: 'untried'; readonly detail: string };
