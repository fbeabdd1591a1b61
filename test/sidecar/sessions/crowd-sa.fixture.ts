import type { IkeSa } from '../../../health/strongswan.ts';
import type { Sa } from './crowd-clients.ts';

/** An IKE_SA of a client of crowd.ts as charon lists it, at that moment. */
export function crowdSa({ id, client, local, state, since, packets, grewAt }: Sa, at: number): IkeSa {
  const whole = (ms: number): number => Math.max(0, Math.floor(ms / 1000));
  // As charon has it: the difference of two times in whole seconds.
  const usedAgo = grewAt === undefined ? undefined : Math.max(0, whole(at) - whole(grewAt));
  return {
    connection: 'clients',
    uniqueId: id,
    version: 2,
    state,
    local: { host: local, port: 4500, id: 'vpn.example.org' },
    remote: { host: '10.0.1.2', port: 4500, id: client.identity },
    remoteEapId: client.eap ? client.identity : undefined,
    initiator: false,
    initiatorSpi: `spi${id}`,
    responderSpi: `spr${id}`,
    establishedSeconds: whole(at - since),
    rekeyInSeconds: undefined,
    reauthInSeconds: undefined,
    localVips: [],
    remoteVips: [],
    tasksActive: [],
    childSas: [
      {
        name: 'services',
        uniqueId: id,
        reqId: id,
        state: 'INSTALLED',
        mode: 'TUNNEL',
        protocol: 'ESP',
        encap: false,
        spiIn: `in${id}`,
        spiOut: `out${id}`,
        bytesIn: packets * 100,
        packetsIn: packets,
        bytesOut: 0,
        packetsOut: 0,
        useInSeconds: usedAgo,
        useOutSeconds: undefined,
        rekeyInSeconds: undefined,
        lifeTimeSeconds: undefined,
        installedSeconds: whole(at - since),
        localTs: [],
        remoteTs: [],
      },
    ],
  };
}
