import { isIPv6 } from "node:net";

/** Groups of an IPv6 address, and those of them that name a network: within it, whoever is there takes what addresses they like. */
const GROUPS = 8;
const NETWORK_GROUPS = 4;

/** What calls and logins from an address are counted under: itself, or for IPv6 its network of 64 bits. */
export function networkOf(address: string): string {
  const [plain = ""] = address.split("%");
  if (!isIPv6(plain)) return address;
  const [head = "", tail] = plain.toLowerCase().split("::");
  const [before, after] = [groupsOf(head), groupsOf(tail ?? "")];
  const between = tail === undefined ? 0 : GROUPS - before.length - after.length;
  const groups = [...before, ...Array.from({ length: between }, () => "0"), ...after];
  const network = groups.slice(0, NETWORK_GROUPS).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(":")}::/64`;
}

/** The groups of a part of an address; an IPv4 address at its end takes the place of two. */
function groupsOf(part: string): string[] {
  if (part === "") return [];
  return part.split(":").flatMap((group) => (group.includes(".") ? ["0", "0"] : [group]));
}
