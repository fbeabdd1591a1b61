/** The certification authorities that TLS endpoints are held against: Node's own and those of this system. */
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';

let ofThisSystem: SecureContext | undefined;

/**
 * Read once, which takes some 40 ms of our event loop: call it when a check is made, not when it looks. A private
 * authority belongs into the system's store (`update-ca-certificates`). `only`: these instead, as PEM.
 */
export function trusted(only?: readonly string[]): SecureContext {
  if (only !== undefined) return createSecureContext({ ca: [...only] });
  ofThisSystem ??= createSecureContext({
    ca: [...new Set([...getCACertificates('default'), ...getCACertificates('system')])],
  });
  return ofThisSystem;
}
