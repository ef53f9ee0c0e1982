// Stands in for the systems that the examples call: orders, invoices, pages, deployments, bookings and
// shipments, on one local port (PORT, or 8099).
import { createServer } from 'node:http';

const ORDERS = [
  { id: 1, amount: 20 },
  { id: 2, amount: 35 },
  { id: 3, amount: 45 },
];
/** Requests for each path so far. */
const calls = new Map();
const pages = [];
let bookings = [];

/** Returns the status and the body that answer a request; `count` counts the requests for its path, from 1. */
function answer(method, path, query, body, count) {
  const [, collection, id] = path.split('/');
  switch (`${method} /${collection}`) {
    case 'GET /orders':
      return [200, { day: query.get('day'), orders: ORDERS }];
    case 'POST /invoices':
      // Fails once for each day, as real systems do.
      if (body.order === 2 && count === 1) return [503, { message: 'try again' }];
      return [201, { invoice: `${id}-${body.order}` }];
    case 'GET /stock':
      return [200, { article: id, pieces: 4 }];
    case 'GET /coupons':
      return [200, { coupon: id, percent: 25 }];
    case 'POST /shipments':
      return [201, { article: body.article, total: body.total }];
    case 'GET /health':
      return [200, { service: id, healthy: false }];
    case 'GET /changes':
      return [200, { service: id, last: 'version 1.4.0' }];
    case 'GET /pages':
      return [200, pages];
    case 'POST /pages':
      pages.push(`${body.to}: ${body.text}`);
      return [201, { number: pages.length }];
    case 'GET /deployments':
      return [200, { state: count < 3 ? 'pending' : 'ready', count }];
    case 'GET /bookings':
      return [200, bookings.filter(({ trip }) => trip === id)];
    case 'POST /bookings':
      if (body.kind === 'hotel') return [409, { message: 'no room is left' }];
      bookings.push({ trip: id, kind: body.kind });
      return [201, { trip: id, kind: body.kind }];
    case 'DELETE /bookings':
      bookings = bookings.filter(({ trip }) => trip !== id);
      return [200, { trip: id }];
    default:
      return [404, { message: `${method} ${path} is not here` }];
  }
}

const server = createServer(async (request, response) => {
  let text = '';
  for await (const chunk of request) text += chunk;
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  const body = text === '' ? {} : JSON.parse(text);
  const key = `${request.method} ${pathname} ${body.order ?? ''}`;
  const count = (calls.get(key) ?? 0) + 1;
  calls.set(key, count);
  const [status, content] = answer(request.method, pathname, searchParams, body, count);
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(content));
});
server.listen(Number(process.env.PORT ?? 8099), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
