/** The values of the sections fleet and http → Config. Pure. */
import { addressText } from './address.ts';
import type { FleetConfig, FleetMemberConfig, HttpConfig, TokenConfig } from './config.ts';
import type { Raw } from './document.ts';
import { parseListen } from './formats.ts';
import type { Keys, Values } from './key-spec.ts';
import { SECTIONS } from './schema.ts';
import { elements, innerKeys, mapping, section, SILENT, type Reader } from './section.ts';
import { originOf } from './url.ts';

export function buildHttp(raw: Raw | undefined, reader: Reader): HttpConfig {
  const spec = SECTIONS.http;
  const values = section(spec.keys, raw, 'http', reader, { env: true, more: innerKeys(spec) });
  const tls = tlsSection(spec.sections.tls.keys, raw, 'http', reader);
  const { certificateFile, keyFile, clientCaFile } = tls;
  return {
    listen: parseListen(values.listen),
    ...token(values),
    // One without the others is for the rules to refuse; "" stands in for what is missing there.
    ...(certificateFile === undefined && keyFile === undefined && clientCaFile === undefined
      ? {}
      : {
          tls: {
            certificateFile: certificateFile ?? '',
            keyFile: keyFile ?? '',
            ...(clientCaFile === undefined ? {} : { clientCaFile }),
          },
        }),
  };
}

/** Undefined without the section: there is no fleet then, which is another thing than one of ourselves alone. */
export function buildFleet(raw: Raw | undefined, reader: Reader): FleetConfig | undefined {
  if (raw === undefined || raw === null) return undefined;
  const spec = SECTIONS.fleet;
  const values = section(spec.keys, raw, 'fleet', reader, { env: true, more: innerKeys(spec) });
  const tls = tlsSection(spec.sections.tls.keys, raw, 'fleet', reader);
  const { caFile, certificateFile, keyFile } = tls;
  const { pollMs, timeoutMs, maxAgeMs, minimumOthers } = values;
  const list = elements(mapping(raw, 'fleet', SILENT)['gateways'], 'fleet.gateways', reader);
  return {
    gateways: list.map((member, index) => buildMember(member, `fleet.gateways[${index}]`, reader)),
    ...{ pollMs, timeoutMs, maxAgeMs, minimumOthers },
    ...token(values),
    ...(caFile === undefined && certificateFile === undefined && keyFile === undefined
      ? {}
      : {
          tls: {
            ...(caFile === undefined ? {} : { caFile }),
            ...(certificateFile === undefined ? {} : { certificateFile }),
            ...(keyFile === undefined ? {} : { keyFile }),
          },
        }),
  };
}

function buildMember(raw: Raw, path: string, reader: Reader): FleetMemberConfig {
  const values = section(SECTIONS.fleet.lists.gateways.keys, raw, path, reader);
  const address = addressText(values.address ?? '', 'any');
  const address6 = addressText(values.address6 ?? '', 'any');
  return {
    name: values.name,
    url: originOf(values.url) ?? values.url,
    ...(address === undefined ? {} : { address }),
    ...(address6 === undefined ? {} : { address6 }),
    ...(values.capacity === undefined ? {} : { capacity: values.capacity }),
  };
}

const tlsSection = <K extends Keys>(keys: K, raw: Raw | undefined, path: string, reader: Reader): Values<K> =>
  section(keys, mapping(raw, path, SILENT)['tls'], `${path}.tls`, reader, { env: true });

const token = ({
  tokenFile,
  tokenCredential,
}: {
  readonly tokenFile: string | undefined;
  readonly tokenCredential: string | undefined;
}): TokenConfig => ({
  ...(tokenFile === undefined ? {} : { tokenFile }),
  ...(tokenCredential === undefined ? {} : { tokenCredential }),
});
