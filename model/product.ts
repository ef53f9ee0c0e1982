/** The version of Fermata, as package.json and CHANGELOG.md have it. */
export const VERSION = '0.2.0';
