/** What a lab has besides, or instead of, what every lab has. All of it may be left out. */
import type { Lab } from './lab.ts';
import type { Gateway } from './gateway.ts';
import type { Processes } from './processes.ts';
import type { Router, RouterKind } from './router.ts';
import type { SidecarPaths, SidecarSettings } from './sidecar-config.ts';
import type { Extent, GatewayPlan, RouterName, Topology } from './topology.ts';

export interface Site extends Extent {
  /** A gateway's swancast.yaml; by default sidecarConfig(). Called anew for each writeConfig(). */
  readonly sidecar?: (gateway: GatewayPlan, paths: SidecarPaths, settings: SidecarSettings) => string;
  /**
   * The text of a router's configuration; by default that of deploy/routers, for this lab's gateways.
   * @param shipped what it would be by default
   */
  readonly router?: (kind: RouterKind, name: RouterName, shipped: string) => string;
  /** Before the gateways' sidecars are started, once routers and charons run: other daemons, addresses, rules. */
  readonly extra?: (ground: Ground, signal: AbortSignal) => Promise<void>;
  /** When the lab is up; by default every gateway announces both prefixes and all clients are answered. */
  readonly ready?: (lab: Lab, signal: AbortSignal) => Promise<void>;
  /** BGP is watched in the backend's namespace too; its events say `where: 'backend'`. */
  readonly watchBackend?: boolean;
  /** Clients may log in all at once, see DaemonSettings. */
  readonly crowd?: boolean;
  /** Gateways ask a RADIUS server on their side of the backend for EAP, and there are clients that want it: EAP_CLIENTS. */
  readonly radius?: boolean;
  /** A gateway's swanctl.conf. @param usual what it would be by default */
  readonly gatewaySwanctl?: (gateway: GatewayPlan, usual: string) => string;
  /** The clients' swanctl.conf. @param usual what it would be by default */
  readonly clientSwanctl?: (usual: string) => string;
  /** Virtual addresses of all gateways, instead of a pool of each and a route of the backend to it. */
  readonly sharedPool?: string;
}

/** The lab while it is being raised. */
export interface Ground {
  readonly topology: Topology;
  readonly directory: string;
  readonly processes: Processes;
  readonly kind: RouterKind;
  readonly routers: readonly Router[];
  readonly gateway: (plan: GatewayPlan) => Gateway;
}
