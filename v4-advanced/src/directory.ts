/**
 * Whose address is it? An account is called by its name, and stands for that name at every domain that is
 * ours: `bob`, `Bob@example.com` and `bob@localhost` are one and the same.
 */
import { hasControls, mailboxName } from './guards/mailbox-name.ts';
import type { Credentials } from './sasl.ts';

export class Directory {
  private readonly names: () => ReadonlySet<string>;
  private readonly domains: ReadonlySet<string>;

  /**
   * @param names gives the names of the accounts: some come and go while the server runs
   * @param domains those that are ours; none: every domain is
   */
  constructor(names: () => ReadonlySet<string>, domains: readonly string[] = []) {
    this.names = names;
    this.domains = new Set(domains.map(canonical));
  }

  /** The account that an address or a name stands for; it is the name of its mailbox, too. */
  accountOf(address: string): string | undefined {
    // A name that ends in a line end is not the name.
    if (hasControls(address) || !this.isLocal(address)) return undefined;
    const name = mailboxName(address.replace(/@[^@]*$/, ''));
    return name !== undefined && this.names().has(name) ? name : undefined;
  }

  /**
   * The account that somebody wants to log in to. Mail programs may say on whose behalf they act
   * (RFC 4616); that can only be their own.
   */
  accountOfLogin({ authorization, name }: Credentials): string | undefined {
    const account = this.accountOf(name);
    const isOther = authorization !== '' && this.accountOf(authorization) !== account;
    return isOther ? undefined : account;
  }

  /**
   * Who gets the mail for an address. RFC 5321 §4.5.1: what comes for the postmaster must reach somebody:
   * the first account, if none is called so.
   */
  receiverOf(address: string): string | undefined {
    const isPostmaster = /^postmaster(?:@|$)/i.test(address) && this.isLocal(address);
    const [first] = this.names();
    return this.accountOf(address) ?? (isPostmaster ? first : undefined);
  }

  /** Is it an address here? If not, this server does not take mail for it (RFC 5321 §7.8: no relay). */
  isLocal(address: string): boolean {
    const [, domain] = /@([^@]*)$/.exec(address) ?? [];
    if (domain === undefined || this.domains.size === 0) return true;
    return this.domains.has(canonical(domain));
  }
}

/** RFC 5890 §2.3.2.4: a domain is the same in letters of any language and as DNS writes it, `xn--…`. */
function canonical(domain: string): string {
  const lower = domain.toLowerCase();
  // What stands behind these would not be taken for the domain.
  if (/^[\x20-\x7E]*$/.test(lower) || /[%/?#]/.test(lower)) return lower;
  try {
    return new URL(`http://${lower}`).hostname;
  } catch {
    return lower;
  }
}
