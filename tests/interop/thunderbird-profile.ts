/**
 * A Thunderbird profile for a test: an account whose mail goes out through an SMTP server on this machine,
 * with a POP3 account to read from if there is a server for it, and everything that would call home or
 * ask the newcomer a question switched off.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';

export interface Account {
  /** Where mail goes out. */
  smtpPort: number;
  /** The sender: `Alice`, `alice@example.com`. */
  name: string;
  address: string;
  /** Where mail is read. Without it there is no mailbox but Thunderbird's own Local Folders. */
  pop3?: {
    port: number;
    /** "Leave messages on server", which Thunderbird switches on in a new account. */
    leaveOnServer: boolean;
  };
  /** For servers with accounts and TLS. Without it: no security, and no login to send mail. */
  login?: Login;
}

/** What it takes to talk to a server with accounts and TLS. */
export interface Login {
  user: string;
  password: string;
  /** "Connection security", as Account Settings calls it. */
  security: 'STARTTLS' | 'SSL/TLS';
  /** The server's certificate, in PEM: nobody else vouches for it, so Thunderbird is told to trust it. */
  certificate: string;
}

/** How "Connection security" is kept. */
const socketTypes = { None: 0, STARTTLS: 2, 'SSL/TLS': 3 };
/** How "Authentication method" is kept. */
const authMethods = { none: 1, password: 3 };

/** The server's name: a certificate is for a name, and not for an address. */
export const hostOf = ({ login }: Account) => (login ? 'localhost' : '127.0.0.1');

/** Who is logged in by POP3. */
export const userOf = ({ login, address }: Account) => login?.user ?? address;

type Preference = string | number | boolean;

/** Preferences as Thunderbird keeps them; the account ones are what Account Settings would write. */
export function preferences(account: Account): Record<string, Preference> {
  return {
    'mail.accountmanager.accounts': account.pop3 ? 'account1,account2' : 'account1',
    'mail.accountmanager.defaultaccount': 'account1',
    'mail.accountmanager.localfoldersserver': 'server1',
    'mail.account.account1.server': 'server1',
    'mail.account.account1.identities': 'id1',
    'mail.server.server1.type': 'none',
    'mail.server.server1.name': 'Local Folders',
    'mail.server.server1.hostname': 'Local Folders',
    'mail.server.server1.userName': 'nobody',
    'mail.server.server1.directory-rel': '[ProfD]Mail/Local Folders',
    ...(account.pop3 && pop3Preferences(account, account.pop3)),
    'mail.identity.id1.fullName': account.name,
    'mail.identity.id1.useremail': account.address,
    'mail.identity.id1.smtpServer': 'smtp1',
    'mail.identity.id1.valid': true,
    // Plain text, and no copy to a Sent folder: the message that the server got is all that there is.
    'mail.identity.id1.compose_html': false,
    'mail.identity.id1.fcc': false,
    'mail.smtpservers': 'smtp1',
    'mail.smtp.defaultserver': 'smtp1',
    'mail.smtpserver.smtp1.type': 'smtp',
    'mail.smtpserver.smtp1.hostname': hostOf(account),
    'mail.smtpserver.smtp1.port': account.smtpPort,
    'mail.smtpserver.smtp1.try_ssl': socketTypes[account.login?.security ?? 'None'],
    'mail.smtpserver.smtp1.authMethod': authMethods[account.login ? 'password' : 'none'],
    'mail.smtpserver.smtp1.username': account.login?.user ?? '',
    'mail.smtpserver.smtp1.quit_delay_ms': 0, // QUIT after each message, not seconds later

    'marionette.port': 0, // the system chooses a free one
    'mail.provider.suppress_dialog_on_startup': true,
    'mail.rights.version': 1,
    'mail.spotlight.firstRunDone': true,
    'mail.winsearch.firstRunDone': true,
    'mailnews.start_page.enabled': false,
    'mailnews.start_page_override.mstone': 'ignore',
    'mail.shell.checkDefaultClient': false,
    'mail.spam.version': 1,
    'mail.inappnotifications.enabled': false,
    'mail.collect_email_address_outgoing': false,
    'app.donation.eoy.version.viewed': 999,
    'app.update.enabled': false,
    'app.update.auto': false,
    'app.normandy.enabled': false,
    'app.shield.optoutstudies.enabled': false,
    'browser.safebrowsing.malware.enabled': false,
    'browser.safebrowsing.phishing.enabled': false,
    'datareporting.healthreport.uploadEnabled': false,
    'datareporting.policy.dataSubmissionEnabled': false,
    'datareporting.policy.dataSubmissionPolicyBypassNotification': true,
    'toolkit.telemetry.server': '',
    'toolkit.telemetry.enabled': false,
    'extensions.update.enabled': false,
    'extensions.blocklist.enabled': false,
    'extensions.getAddons.cache.enabled': false,
    'services.settings.server': 'data:,', // no fetching of remote settings
    'network.connectivity-service.enabled': false,
    'network.captive-portal-service.enabled': false,
    'network.manage-offline-status': false, // a machine without a network can still reach loopback
  };
}

/** What Account Settings, Server Settings, shows for the account. */
function pop3Preferences(
  account: Account,
  pop3: NonNullable<Account['pop3']>,
): Record<string, Preference> {
  return {
    'mail.account.account2.server': 'server2',
    'mail.server.server2.type': 'pop3',
    'mail.server.server2.name': account.address,
    'mail.server.server2.hostname': hostOf(account),
    'mail.server.server2.port': pop3.port,
    'mail.server.server2.userName': userOf(account),
    'mail.server.server2.socketType': socketTypes[account.login?.security ?? 'None'],
    'mail.server.server2.authMethod': authMethods.password,
    'mail.server.server2.leave_on_server': pop3.leaveOnServer,
    'mail.server.server2.check_new_mail': false,
    'mail.server.server2.login_at_startup': false,
    'mail.server.server2.directory-rel': '[ProfD]Mail/server2',
  };
}

/** Writes the profile's `user.js`, which Thunderbird reads at every start. */
export async function writeProfile(folder: string, account: Account): Promise<void> {
  const lines = Object.entries(preferences(account)).map(
    ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
  );
  await writeFile(path.join(folder, 'user.js'), lines.join(''));
}
