/** The page that is open to all: it shows a file, and asks nothing of the API. */
export const OPEN_PAGE = '/history';
