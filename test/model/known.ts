/**
 * Defects that these stories found and that are not mended yet. A rule asks here before it calls one of them
 * broken; with MODEL_STRICT=1 nothing is excused. Mended: delete the entry, and what the compiler then shows.
 */
const KNOWN = {
  'reload-forgets-pace':
    'sidecar/decision.ts paces() and sidecar/run.ts reload(): a check made anew by a reload is slow in the ' +
    'scheduler although a proof of life fails, and removing the failing proof leaves the others fast',
  'kill-is-undone':
    'bgp/guard-replies.ts onError(): a refused `clear` read behind the refusal that ended in a kill finds the ' +
    'phase not open, takes it for the cold start and goes back to draining: killing must be final',
  'order-restarts-adoption':
    'sidecar/force.ts takeOver(): an order over an adopted prefix sets `since` anew when it ends, so that the ' +
    'adoption begins again and what it withdrew is announced unearned for another hand-over',
  'unproved-change-blocks-removal':
    'sidecar/ask.ts proofFor(): without any proof of life (a reload made all proofs anew) a removal is not sent ' +
    'while another prefix has changed attributes, although the guard takes prefixes away without any proof',
  'lapse-delays-order':
    'sidecar/decision.ts step(): what a lapse has withdrawn stands under an order to announce again only at the ' +
    'next event, as wakeTime() knows nothing of it',
} as const;

export const excused = (defect: keyof typeof KNOWN): boolean =>
  process.env['MODEL_STRICT'] === undefined && Object.hasOwn(KNOWN, defect);
