/** Fleet members that answer badly: with what, or not at all. `absent` besides, where nobody listens. */
export const BAD_MEMBERS = [
  'garbage',
  'no-json',
  'other-json',
  'huge',
  'slow',
  'hanging',
  'redirect',
  'closing',
] as const;
export type BadMember = (typeof BAD_MEMBERS)[number];
