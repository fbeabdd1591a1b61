/** The keys of the list checks. What stands below `limits` depends on the type of the check. */
import { CLASSES } from '../../health/reason.ts';
import { CHECK_TYPE_NAMES } from './check-types.ts';
import type { MapSpec } from './key-spec.ts';

const BY_TYPE = 'by type';

export const CHECK = {
  doc: 'What has to be true. One check of type charon is always needed: it proves charon alive.',
  unset: 'one check of type charon',
  keys: {
    name: { doc: 'Its name in logs, metrics and status.', format: 'name', example: 'charon' },
    type: {
      doc: 'What is checked; it picks the keys below `limits`.',
      format: CHECK_TYPE_NAMES,
      example: 'charon',
    },
    interval_seconds: {
      doc: 'Time from the start of one look to the start of the next.',
      format: 'seconds',
      minimum: 0.1,
      maximum: 3600,
      default: null,
      unset: BY_TYPE,
    },
    fast_interval_seconds: {
      doc: 'The same while the check is rising or falling; at most interval_seconds.',
      format: 'seconds',
      minimum: 0.05,
      maximum: 3600,
      default: null,
      unset: BY_TYPE,
    },
    timeout_seconds: {
      doc: 'A look that takes longer is ended and knows nothing; at most interval_seconds.',
      format: 'seconds',
      minimum: 0.01,
      maximum: 3600,
      default: null,
      unset: BY_TYPE,
    },
    rise: {
      doc: 'Passes in a row before it counts as up.',
      format: 'nat',
      minimum: 1,
      maximum: 100,
      default: null,
      unset: BY_TYPE,
    },
    fall: {
      doc: 'Fails in a row before it counts as down. Facts of class gone need no second look.',
      format: 'nat',
      minimum: 1,
      maximum: 100,
      default: null,
      unset: BY_TYPE,
    },
    max_age_seconds: {
      doc: 'How long it may know nothing before that counts as impaired; at least interval_seconds.',
      format: 'seconds',
      minimum: 0.1,
      maximum: 86_400,
      default: null,
      unset: 'by type',
    },
    depends_on: {
      doc: 'Names of checks whose failure makes this one meaningless: while one of them is down this one knows nothing, so that one cause is named.',
      format: 'list-of-names',
      default: null,
      unset: 'nothing',
    },
    class: {
      doc: 'How bad its failure is: gone and not-serving withdraw, impaired degrades, advisory only shows. Facts of class gone stay gone.',
      format: CLASSES,
      default: null,
      unset: 'by the reason of the failure',
    },
  },
} as const satisfies MapSpec;
