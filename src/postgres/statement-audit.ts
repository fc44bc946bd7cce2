import type { MessageRule, MessageRules } from './message-stream.ts';
import { type AuditedStatement, redactStatements } from './redact-statement.ts';
import { sqlOfParse, sqlOfQuery } from './statement-text.ts';

/** Larger statements are told of unread. */
const maxStatementBytes = 1024 * 1024;

/**
 * Rules that tell of each statement that a client sends, refused ones included, before `rules` see it. A prepared statement is told of when it
 * is prepared, not each time that it is executed.
 */
export function auditedRules(
  rules: MessageRules | undefined,
  onStatement: (statement: AuditedStatement) => void,
): MessageRules {
  const tooLarge = () => onStatement({ statement: 'unknown', text: undefined });
  const audited = (type: string, tell: (message: Buffer) => void): MessageRule => {
    const inner = rules?.[type];
    return {
      limitBytes: inner?.limitBytes ?? maxStatementBytes,
      handle: (message) => {
        if (message.length > maxStatementBytes) tooLarge();
        else tell(message);
        return inner ? inner.handle(message) : message;
      },
      ...(inner?.tooLarge && {
        tooLarge: () => {
          tooLarge();
          return inner.tooLarge!();
        },
      }),
      onUnread: tooLarge,
    };
  };
  const tellOf = (sql: string | undefined) => {
    if (sql === undefined) return tooLarge();
    for (const statement of redactStatements(sql)) onStatement(statement);
  };
  return {
    ...rules,
    Q: audited('Q', (message) => tellOf(sqlOfQuery(message))),
    P: audited('P', (message) => tellOf(sqlOfParse(message))),
    F: audited('F', () => onStatement({ statement: 'FUNCTION CALL', text: undefined })),
  };
}
