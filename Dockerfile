# One image for both processes: the command says which (docs/operations.md). Not built yet where it was written.
FROM node:22-bookworm-slim AS packages
WORKDIR /fermata
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

# Temporal's SDK is made for glibc: an image on Alpine will not do.
FROM node:22-bookworm-slim
ENV NODE_ENV=production FERMATA_HOST=0.0.0.0
WORKDIR /fermata
COPY --from=packages /fermata/node_modules node_modules
COPY . .
RUN npm run build
USER node
EXPOSE 8080 9464
# Node itself is to get SIGTERM, so that a process drains; npm would stand between.
CMD ["node", "dist/api/main.js"]
