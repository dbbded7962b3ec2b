/**
 * The two services of this server: for each client a session, and somebody who does what the session
 * asks for. Here the sessions, which know nothing but their protocol, meet the mailboxes.
 */
import type { Settings } from './commands.ts';
import type { Mailboxes, OpenMailbox } from './mailboxes.ts';
import * as pop3 from './pop3/replies.ts';
import { type Answer, Pop3Session, type Request } from './pop3/session.ts';
import * as smtp from './replies.ts';
import { type Delivery, type ReceivedMessage, Session } from './session.ts';

/** Tells the operator something, in a line. */
export type Log = (text: string) => void;

/** What sessions ask for, by name. */
export interface AnyRequest {
  type: 'deliver' | 'open' | 'read' | 'wait' | 'update';
}

/** What a session wants done, as the network shell sees it. */
export type Action<Request> =
  | { type: 'send'; text: string | Uint8Array }
  | { type: 'note'; text: string }
  | { type: 'close' }
  | Request;

/** A session of any protocol: `Session` and `Pop3Session` are such. Times in milliseconds since 1970. */
export interface AnySession<Request, Answer> {
  readonly deadline: number;
  open(now: number): Action<Request>[];
  receive(octets: Uint8Array, now: number): Action<Request>[];
  resume(answer: Answer, now: number): Action<Request>[];
  expire(now: number): Action<Request>[];
  stop(now: number, grace: number): Action<Request>[];
}

/** A client who is served. */
export interface Served<Request, Answer> {
  session: AnySession<Request, Answer>;
  /** Does what the session asks for. Never rejects. */
  fulfil: (request: Request) => Promise<Answer>;
  /** The client has left. */
  leave: () => void;
}

/** A protocol, on a port of its own. */
export interface Service<Request, Answer> {
  protocol: 'smtp' | 'pop3';
  /** What a client too many is told. */
  refusal: string;
  serve(client: string, log: Log): Served<Request, Answer>;
}

interface Deliver {
  type: 'deliver';
  message: ReceivedMessage;
}

export function smtpService(settings: Settings, mailboxes: Mailboxes): Service<Deliver, Delivery> {
  return {
    protocol: 'smtp',
    refusal: smtp.write(smtp.replies.tooManyConnections),
    serve: (client, log) => ({
      session: new Session(settings),
      async fulfil({ message }) {
        const outcome = await mailboxes.deliver(message, client);
        const { reversePath, text } = message;
        const recipients = message.recipients.map(({ address }) => `<${address}>`).join(' ');
        log(`message from <${reversePath}> for ${recipients}, ${text.length} octets: ${outcome}`);
        return outcome;
      },
      leave() {},
    }),
  };
}

export function pop3Service(settings: Settings, mailboxes: Mailboxes): Service<Request, Answer> {
  return {
    protocol: 'pop3',
    refusal: pop3.write(pop3.replies.tooManyConnections),
    serve(_, log) {
      let mailbox: OpenMailbox | undefined;

      async function open(name: string): Promise<Answer> {
        mailbox = await mailboxes.lock(name);
        log(
          `mailbox ${name}: ${mailbox ? `open, messages: ${mailbox.messages.length}` : 'in use'}`,
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
        if (remove.length > 0) log(`messages deleted: ${remove.length}`);
        return { type: 'updated' };
      }

      return {
        session: new Pop3Session(settings),
        async fulfil(request) {
          try {
            if (request.type === 'open') return await open(request.mailbox);
            if (request.type === 'update') return await update(request.remove);
            if (request.type === 'wait') return { type: 'waited' };
            const { id, from, most } = request;
            return { type: 'piece', octets: await mailbox!.piece(id, from, most) };
          } catch (error) {
            console.error(`could not ${request.type} a mailbox: ${(error as Error).message}`);
            return { type: 'failed' };
          }
        },
        // Who leaves without QUIT deletes nothing; but the mailbox is free again.
        leave: () => mailbox?.close(),
      };
    },
  };
}
