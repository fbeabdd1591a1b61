/** Why clients get no service from a charon that runs: logins, certificates, addresses, what lies behind the gateway. */
import type { ReasonEntry } from './entry.ts';

export const SERVICE_REASONS = {
  'logins-failing': {
    class: 'impaired',
    sentence: 'most clients that try to log in are turned away',
    wayOut:
      'look for "authentication of" in the log of charon: an expired certificate, a changed secret, RADIUS',
  },
  'logins-stuck': {
    class: 'impaired',
    sentence: 'clients begin to log in and neither get in nor are turned away',
    wayOut: 'a RADIUS server that does not answer, a slow updown script, or fragments lost on the way back',
  },
  'certificate-expired': {
    class: 'impaired',
    sentence: 'a certificate that this gateway needs has expired: clients refuse it',
    wayOut: 'renew it and `swanctl --load-creds`; the other gateways most likely have the same',
  },
  'certificate-not-yet-valid': {
    class: 'impaired',
    sentence: 'a certificate that this gateway needs is not valid yet',
    wayOut: 'is the clock of this host right (`timedatectl`)? otherwise load the certificate of before',
  },
  'certificate-key-missing': {
    class: 'impaired',
    sentence: 'charon has a certificate, but not the private key to it: nobody can log in',
    wayOut: 'put the key into swanctl/private (or rsa, ecdsa, pkcs8) and `swanctl --load-creds`',
  },
  'certificate-missing': {
    class: 'impaired',
    sentence: 'a connection shows a certificate, and charon has none for it',
    wayOut: '`swanctl --list-certs` shows what is loaded; `swanctl --load-creds` loads it',
  },
  'certificate-identity-missing': {
    class: 'impaired',
    sentence: 'no certificate of this gateway carries an identity that clients expect',
    wayOut: 'issue it with that name as subjectAltName; compare `id` in swanctl.conf',
  },
  'certificate-expiring': {
    class: 'advisory',
    sentence: 'a certificate that this gateway needs expires soon',
    wayOut: 'renew it on all gateways before it does; `swanctl --load-creds` takes it over without a restart',
  },
  'pool-exhausted': {
    class: 'impaired',
    sentence: 'a pool of virtual addresses has none left: new clients log in and get no address',
    wayOut: '`swanctl --list-pools --leases`; enlarge the pool, or look for clients that hold several leases',
  },
  'pool-missing': {
    class: 'impaired',
    sentence: 'a pool of virtual addresses that is meant to be there is not loaded',
    wayOut: 'load it: `swanctl --load-pools`; compare its name with the configuration',
  },
  'pool-filling': {
    class: 'advisory',
    sentence: 'a pool of virtual addresses is nearly full',
    wayOut: 'enlarge the pool before it is exhausted: `swanctl --list-pools`',
  },
  'canary-no-answer': {
    class: 'not-serving',
    sentence: 'a real client (the canary) gets no answer to IKE_SA_INIT',
    wayOut:
      'compare with ike-probe: if that passes, something between the canary and charon drops UDP 500/4500',
  },
  'canary-no-auth': {
    class: 'not-serving',
    sentence: 'a real client (the canary) is answered, but cannot log in',
    wayOut:
      "look for its identity in charon's log: proposal, certificate, secret, RADIUS; has its own certificate expired?",
  },
  'canary-no-address': {
    class: 'not-serving',
    sentence: 'a real client (the canary) logs in, but gets no address or no CHILD_SA',
    wayOut:
      'is the pool full (`swanctl --list-pools`), do the traffic selectors fit, can the kernel take SAs?',
  },
  'canary-no-traffic': {
    class: 'not-serving',
    sentence: 'the tunnel of a real client (the canary) comes up, but nothing comes through it',
    wayOut:
      'forwarding, packet filter, the return route to the pool, or the endpoint itself: ping it from here',
  },
  'canary-silent': {
    class: 'advisory',
    sentence: 'the canary does not tell how a real client fares, so that nobody watches it',
    wayOut: 'is its daemon (`swancast canary`) running, and its charon? is limits.report right?',
  },
  'inside-unreachable': {
    class: 'not-serving',
    sentence: 'nothing behind the gateway can be reached: tunnels come up and lead nowhere',
    wayOut: 'look at the inside interface, its routes and the firewall; every endpoint is named beside it',
  },
  'inside-below-minimum': {
    class: 'impaired',
    sentence: 'too few of the endpoints behind the gateway can be reached',
    wayOut: 'try the endpoints named beside it from this host; is one of them broken, or the way to it?',
  },
  'program-unusable': {
    class: 'advisory',
    sentence: 'a program that the check needs cannot be started or used, so nothing is known',
    wayOut: 'is it installed, executable, and allowed for the user of swancast?',
  },
  'exec-critical': {
    class: 'impaired',
    sentence: 'a program of the operator says that something is broken (exit code 2)',
    wayOut: 'run it by hand as the user of swancast: `swancast config print` shows its command',
  },
  'exec-warning': {
    class: 'advisory',
    sentence: 'a program of the operator warns (exit code 1)',
    wayOut: 'run it by hand as the user of swancast: `swancast config print` shows its command',
  },
  'exec-timed-out': {
    class: 'impaired',
    sentence: 'a program of the operator did not end in time and was killed',
    wayOut: 'run it by hand to see what it waits for, or raise timeout_seconds',
  },
  'exec-unknown': {
    class: 'advisory',
    sentence: 'a program of the operator does not know (exit code 3, another one, or a signal)',
    wayOut: 'run it by hand as the user of swancast; 127 means that it called something that is not there',
  },
  'http-no-answer': {
    class: 'impaired',
    sentence: 'a page of the operator cannot be got',
    wayOut: 'try it with `curl -v URL` on this host: is the server up, does its certificate hold?',
  },
  'http-unexpected': {
    class: 'impaired',
    sentence: 'a page of the operator answers, but not as expected',
    wayOut: 'compare `curl -i URL` with limits.status and limits.body',
  },
} as const satisfies Record<string, ReasonEntry>;
