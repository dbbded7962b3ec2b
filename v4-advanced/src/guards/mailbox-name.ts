/**
 * Second reading: names that come from the network.
 *
 * A mailbox is a file, and its name is what a stranger typed after RCPT TO. So a name is written in
 * octets that every file system takes for letters, and all others as %XX. Nothing that a client says
 * can name a path (`../../etc/passwd`), a device (`nul`), a hidden file, or somebody else's mailbox.
 */

/** The longest mailbox name, in octets, once it is written safely. */
const LONGEST = 200;

/** Windows takes these, with any ending, for devices and not for files. */
const DEVICES = /^(?:con|prn|aux|nul|com\d|lpt\d)(?=\.|$)/;

/**
 * CR and LF could end a header line or a log line and begin a forged one; so do the control octets of
 * ISO 8859 and Unicode's own line ends in some readers, and what turns the direction of writing.
 */
export function hasControls(text: string): boolean {
  return /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u.test(text);
}

/** The mailbox of an address: `Bob@Example.com` gives `bob@example.com`. `undefined`: it has none. */
export function mailboxName(address: string): string | undefined {
  if (address === '' || hasControls(address)) return undefined;
  // Only A to Z: Unicode's lower case would make one mailbox of two (the Kelvin sign becomes k).
  const lower = address.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  const safe = lower
    .replace(/[^a-z0-9@._+=-]/gu, percent)
    .replace(/^\.|\.$/g, percent)
    .replace(DEVICES, (device) => percent(device.slice(0, 1)) + device.slice(1));
  return safe.length <= LONGEST ? safe : undefined;
}

/** Every octet of a text as %XX. */
function percent(text: string): string {
  return Array.from(new TextEncoder().encode(text), (octet) => {
    return `%${octet.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}
