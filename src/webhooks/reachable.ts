import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import { RegistryError } from "../errors.ts";

/** True of addresses that deliveries may go to. */
export type Reach = (address: string) => boolean;

/** Addresses of the public Internet, and those of some networks, such as `10.0.0.0/8`. */
export function reachOf(allowed: readonly string[]): Reach {
  const networks = allowed.map((network) => {
    const address = ipaddr.process(network.replace(/\/.*/, ""));
    const bits = network.includes("/") ? Number(network.replace(/.*\//, "")) : undefined;
    return [address, bits ?? (address.kind() === "ipv4" ? 32 : 128)] as const;
  });
  return (text) => {
    const address = ipaddr.process(text);
    return (
      address.range() === "unicast" ||
      networks.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits))
    );
  };
}

/** An address of a host, as it is asked for when something is connected. */
type Found = { readonly address: string; readonly family: number };

/**
 * The addresses of a host, of which there is at least one. What is checked is what is connected to: a name may have another
 * address each time it is looked up.
 * @throws PARAMETER_INVALID when none of its addresses may be reached; whatever keeps a name from being looked up
 */
export async function addressesOf(host: string, reach: Reach): Promise<[Found, ...Found[]]> {
  const literal = withoutBrackets(host);
  const family = isIP(literal);
  const found = family === 0 ? await lookup(literal, { all: true }) : [{ address: literal, family }];
  const [first, ...others] = found.filter(({ address }) => reach(address));
  if (first) return [first, ...others];
  const where = found.map(({ address }) => address).join(", ");
  throw new RegistryError(
    "PARAMETER_INVALID",
    `${literal} is at ${where || "no address"}, which is no public address. If that is meant, add it to webhookTargets.`,
    { detail: { parameter: "url" } },
  );
}

/** True of a host that is an address, and no name. */
export function isAddress(host: string): boolean {
  return isIP(withoutBrackets(host)) !== 0;
}

function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1");
}
