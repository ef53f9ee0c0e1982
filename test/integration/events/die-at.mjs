// Loaded before a program that uses Postgres, it kills the process (SIGKILL) where a test says: as soon as a statement is done, or its
// transaction committed; `before`, before it is sent. The test sends `{ statement, before }`, the source of a regular expression, and
// is told when that is known.
import pg from 'pg';

let point = null;
process.on('message', ({ statement, before }) => {
  point = { statement: new RegExp(statement), before };
  process.send('known');
});

const die = () => process.kill(process.pid, 'SIGKILL');

const { query } = pg.Client.prototype;
/** Connections in a transaction, and those of them that have done the statement. */
const inTransaction = new WeakSet();
const marked = new WeakSet();

pg.Client.prototype.query = function (...args) {
  const [config] = args;
  const text = typeof config === 'string' ? config : (config.text ?? '');
  if (/^begin/i.test(text)) inTransaction.add(this);
  const isIt = point?.statement.test(text) ?? false;
  if (isIt && point.before) die();
  const done = ({ rowCount }) => {
    const isEnd = /^(commit|rollback)/i.test(text);
    if (isIt && (rowCount ?? 0) > 0) {
      if (inTransaction.has(this)) marked.add(this);
      else die();
    }
    if (isEnd && marked.has(this)) die();
    if (isEnd) inTransaction.delete(this);
  };
  const callback = args.at(-1);
  // A pool has a callback for statements outside of transactions.
  if (typeof callback === 'function') {
    const told = (error, answer) => {
      if (!error) done(answer);
      callback(error, answer);
    };
    return query.apply(this, [...args.slice(0, -1), told]);
  }
  const result = query.apply(this, args);
  if (!(result instanceof Promise)) return result;
  return result.then((answer) => {
    done(answer);
    return answer;
  });
};
