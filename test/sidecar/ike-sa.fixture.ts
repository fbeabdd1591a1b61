import type { IkeSa } from '../../health/strongswan.ts';

/** The IKE_SA of one client, as charon lists it; on the anycast address 192.0.2.1 unless told otherwise. */
export const clientSa = (id: number, local = '192.0.2.1'): IkeSa => ({
  connection: 'clients',
  uniqueId: id,
  version: 2,
  state: 'ESTABLISHED',
  local: { host: local, port: 4500, id: 'vpn.example.org' },
  remote: { host: `198.51.100.${id % 250}`, port: 4500, id: `client${id}` },
  remoteEapId: undefined,
  initiator: false,
  initiatorSpi: `spi${id}`,
  responderSpi: `spr${id}`,
  establishedSeconds: 10,
  rekeyInSeconds: undefined,
  reauthInSeconds: undefined,
  localVips: [],
  remoteVips: [],
  tasksActive: [],
  childSas: [],
});
