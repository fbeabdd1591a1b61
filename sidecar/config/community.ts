/** Communities by number or by name. Pure. */
import { attributeProblems } from '../../bgp/announcement.ts';

/**
 * The well-known ones that make sense on an announcement (RFC 1997, 3765, 7999, 8326). Sent as numbers,
 * since ExaBGP 4.2.21 knows only some of the names.
 */
export const WELL_KNOWN = {
  'no-export': '65535:65281',
  'no-advertise': '65535:65282',
  'no-export-subconfed': '65535:65283',
  'no-peer': '65535:65284',
  blackhole: '65535:666',
  'graceful-shutdown': '65535:0',
} as const satisfies Record<string, string>;

const isWellKnown = (text: string): text is keyof typeof WELL_KNOWN => Object.hasOwn(WELL_KNOWN, text);

/** "no-export" → "65535:65281"; numbers stay as they are. */
export const communityText = (text: string): string => (isWellKnown(text) ? WELL_KNOWN[text] : text);

export const isCommunity = (text: string): boolean =>
  attributeProblems({ communities: [communityText(text)] }).length === 0;

export const isLargeCommunity = (text: string): boolean =>
  attributeProblems({ largeCommunities: [text] }).length === 0;

export const isExtendedCommunity = (text: string): boolean =>
  attributeProblems({ extendedCommunities: [text] }).length === 0;
