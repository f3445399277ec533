export * from "./shelf";
export { default as Envelope, Parcel } from "./parcel";
