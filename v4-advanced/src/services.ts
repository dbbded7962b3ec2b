/**
 * The services of this server, each on a port of its own: for each client a session, and somebody who
 * does what the session asks for. Here the sessions, which know nothing but their protocol, meet the
 * mailboxes and the accounts.
 */
import type { AccountsFile } from './accounts-file.ts';
import type { Settings } from './commands.ts';
import type { Attempts } from './guards/attempts.ts';
import type { Log } from './log.ts';
import type { By, Mailboxes, OpenMailbox } from './mailboxes.ts';
import * as pop3 from './pop3/replies.ts';
import { type Answer, Pop3Session, type Request } from './pop3/session.ts';
import * as smtp from './replies.ts';
import { type Request as SmtpRequest, Session, type Verdict } from './session.ts';
import { trace } from './trace.ts';

/** What sessions ask for, by name. */
export interface AnyRequest {
  type: 'deliver' | 'authenticate' | 'open' | 'read' | 'wait' | 'update';
}

/** What a session wants done, as the network shell sees it. */
export type Action =
  | { type: 'send'; text: string | Uint8Array }
  | { type: 'note'; text: string }
  | { type: 'start tls' }
  | { type: 'close' }
  | AnyRequest;

/** A session of any protocol: `Session` and `Pop3Session` are such. Times in milliseconds since 1970. */
export interface AnySession {
  readonly deadline: number;
  open(now: number, greeting: 'greet' | 'go on'): Action[];
  receive(octets: Uint8Array, now: number): Action[];
  resume(answer: unknown, now: number): Action[];
  expire(now: number): Action[];
  stop(now: number, grace: number): Action[];
}

/** A client who is served. */
export interface Served {
  session: AnySession;
  /** Does what the session asks for, and gives the answer for `resume`. Never rejects. */
  fulfil(request: AnyRequest): Promise<unknown>;
  /** The client has left. */
  leave(): void;
}

/** A client, as the network sees it. */
export interface Visitor {
  /** `#12 submission`, for the log and the journal. */
  name: string;
  address: string;
  log: Log;
}

export interface Service {
  name: ServiceName;
  /** TLS from the first octet; elsewhere it begins when the client asks for it. */
  isSecure: boolean;
  /** What a client too many is told. */
  refusal: string;
  serve(visitor: Visitor, isSecure: boolean): Served;
}

export type ServiceName = 'smtp' | 'submission' | 'smtps' | 'pop3' | 'pop3s';

/** What the services work with. */
export interface House {
  settings: Settings;
  mailboxes: Mailboxes;
  accounts: AccountsFile;
  /** What wrong passwords may cost. */
  attempts: Attempts;
}

export function servicesOf(house: House): Service[] {
  const { accounts, attempts } = house;
  const login: LogIn = async (visitor, { account, password }) => {
    const check = () => accounts.verify(account, password);
    const isRight = await attempts.run(visitor.address, check);
    return isRight === 'too many' ? 'busy' : isRight ? 'right' : 'wrong';
  };
  return [
    smtpService('smtp', { isSubmitting: false, isSecure: false }, house, login),
    smtpService('submission', { isSubmitting: true, isSecure: false }, house, login),
    smtpService('smtps', { isSubmitting: true, isSecure: true }, house, login),
    pop3Service('pop3', { isSecure: false }, house, login),
    pop3Service('pop3s', { isSecure: true }, house, login),
  ];
}

/** Finds out whether somebody is who they say, in turn with all others who ask. */
type LogIn = (
  visitor: Visitor,
  login: { account: string | undefined; password: string },
) => Promise<Verdict>;

function smtpService(
  name: ServiceName,
  way: { isSubmitting: boolean; isSecure: boolean },
  { settings, mailboxes }: House,
  login: LogIn,
): Service {
  return {
    name,
    isSecure: way.isSecure,
    refusal: smtp.write(smtp.replies.tooManyConnections),
    serve: (visitor, isSecure) => ({
      session: new Session(settings, { ...way, isSecure }),
      async fulfil(request: SmtpRequest) {
        try {
          if (request.type === 'authenticate') return await login(visitor, request);
          const { message } = request;
          const by: By = {
            account: message.client.account,
            session: visitor.name,
            client: visitor.address,
          };
          const outcome = await mailboxes.deliver(
            message,
            (recipient, id) => trace(message, recipient, id, visitor.address),
            by,
          );
          const { reversePath, text } = message;
          const recipients = message.recipients.map(({ address }) => `<${address}>`).join(' ');
          visitor.log.info(
            `message from <${reversePath}> for ${recipients}, ${text.length} octets: ${outcome}`,
          );
          return outcome;
        } catch (error) {
          visitor.log.error(`could not ${request.type}: ${(error as Error).message}`);
          return request.type === 'deliver' ? 'failed' : 'busy';
        }
      },
      leave() {},
    }),
  };
}

function pop3Service(
  name: ServiceName,
  way: { isSecure: boolean },
  { settings, mailboxes }: House,
  login: LogIn,
): Service {
  return {
    name,
    isSecure: way.isSecure,
    refusal: pop3.write(pop3.replies.tooManyConnections),
    serve(visitor, isSecure) {
      const { log } = visitor;
      let mailbox: OpenMailbox | undefined;

      async function open(account: string): Promise<Answer> {
        mailbox = await mailboxes.lock(account, {
          account,
          session: visitor.name,
          client: visitor.address,
        });
        log.info(
          `mailbox ${account}: ${mailbox ? `open, messages: ${mailbox.messages.length}` : 'in use'}`,
        );
        return mailbox ? { type: 'opened', messages: mailbox.messages } : { type: 'in use' };
      }

      async function update(remove: string[]): Promise<Answer> {
        try {
          await mailbox?.remove(remove);
        } finally {
          // RFC 1939 §6: whether that worked or not, and before goodbye: the client may come back at once.
          mailbox?.close();
        }
        if (remove.length > 0) log.info(`messages deleted: ${remove.length}`);
        return { type: 'updated' };
      }

      async function answer(request: Request): Promise<Answer> {
        switch (request.type) {
          case 'authenticate':
            return { type: 'verdict', verdict: await login(visitor, request) };
          case 'open':
            return open(request.mailbox);
          case 'read': {
            const { id, from, most } = request;
            return { type: 'piece', octets: await mailbox!.piece(id, from, most) };
          }
          case 'wait':
            if (request.read !== undefined) await mailbox!.markRead(request.read);
            return { type: 'waited' };
          case 'update':
            return update(request.remove);
        }
      }

      return {
        session: new Pop3Session(settings, { isSecure }),
        async fulfil(request: Request): Promise<Answer> {
          try {
            return await answer(request);
          } catch (error) {
            log.error(`could not ${request.type}: ${(error as Error).message}`);
            return { type: 'failed' };
          }
        },
        // Who leaves without QUIT deletes nothing; but the mailbox is free again.
        leave: () => mailbox?.close(),
      };
    },
  };
}
