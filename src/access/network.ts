import ipaddr from "ipaddr.js";

/** Groups of an IPv6 address that name a network: within it, whoever is there takes what addresses they like. */
const NETWORK_GROUPS = 4;

/** What calls and logins from an address are counted under: itself, or for IPv6 its network of 64 bits. */
export function networkOf(address: string): string {
  if (!ipaddr.IPv6.isValid(address)) return address;
  const groups = ipaddr.IPv6.parse(address).parts.slice(0, NETWORK_GROUPS);
  return `${groups.map((group) => group.toString(16)).join(":")}::/64`;
}
