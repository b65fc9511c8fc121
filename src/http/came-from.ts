import type { IncomingMessage } from "node:http";
import { BlockList, isIP, isIPv4 } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Caller } from "../access/caller.ts";
import { networkOf } from "../access/network.ts";

/** Where a request comes from, and by which way its client reached us. */
export type CameFrom = {
  readonly scheme: "http" | "https";
  /** The host, with its port, that the client asked for; as sent. */
  readonly host: string | undefined;
  readonly address: string;
};

/** True of the addresses of proxies whose word is taken. */
export type Trust = (address: string) => boolean;

/** Trust in these addresses and networks, such as `10.0.0.0/8`. */
export function trustIn(networks: readonly string[]): Trust {
  if (networks.length === 0) return () => false;
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", bits] = network.split("/");
    const family = isIPv4(address) ? "ipv4" : "ipv6";
    list.addSubnet(address, Number(bits ?? (family === "ipv4" ? 32 : 128)), family);
  }
  return (address) => isIP(address) !== 0 && list.check(address, isIPv4(address) ? "ipv4" : "ipv6");
}

/**
 * Who asks, by the connection; where that is a proxy that is trusted, by what it says. Of several proxies, whoever is
 * nearest and not trusted is the client: all that stands further left is what it claims.
 */
export function cameFrom({ headers, socket }: IncomingMessage, trusts: Trust): CameFrom {
  const scheme = (socket as Partial<TLSSocket>).encrypted ? "https" : "http";
  const address = plain(socket.remoteAddress ?? "");
  if (!trusts(address)) return { scheme, host: headers.host, address };
  const said = (name: string): string[] =>
    String(headers[name] ?? "")
      .split(",")
      .map((part) => part.trim())
      .filter((part) => part !== "");
  const proto = said("x-forwarded-proto").at(-1);
  const chain = said("x-forwarded-for").map(plain);
  return {
    scheme: proto === "https" || proto === "http" ? proto : scheme,
    host: said("x-forwarded-host").at(-1) ?? headers.host,
    address: chain.findLast((one) => !trusts(one)) ?? chain[0] ?? address,
  };
}

/** By whom calls and streams are counted: a user by their name, nobody by the network they come from. */
export function countedAs({ user }: Caller, { address }: CameFrom): string {
  return user === undefined ? `at ${networkOf(address)}` : `user ${user}`;
}

/** IPv4 addresses as such, also where the socket is one of IPv6. */
function plain(address: string): string {
  if (!address.startsWith("::")) return address;
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}
