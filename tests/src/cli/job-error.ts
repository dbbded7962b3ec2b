/** A reason why a job cannot be done, for people: its message is all there is to say, in one line. */
export class JobError extends Error {
  /** 1: it was tried and failed. 2: the command line makes no sense. */
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2 = 2) {
    super(message);
    this.exitCode = exitCode;
  }
}
