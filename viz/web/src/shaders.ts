/** The four programs of the map: discs under communities, many thin links, few wide links with arrows, nodes. */

const HEAD = "#version 300 es\nprecision highp float;\n";

export const DISC = {
  vertex: `${HEAD}
layout(location=0) in vec2 corner;
layout(location=1) in vec3 disc;
uniform vec4 view;
uniform vec2 screen;
out vec2 at;
flat out float radius;
void main() {
  radius = disc.z * abs(view.x) * screen.x;
  float reach = radius + 2.0;
  at = corner * reach;
  gl_Position = vec4(disc.xy * view.xy + view.zw + at / screen, 0.0, 1.0);
}`,
  fragment: `${HEAD}
in vec2 at;
flat in float radius;
uniform vec3 land, shore;
uniform float ratio;
out vec4 colour;
void main() {
  float d = length(at) - radius;
  float inside = clamp(0.5 - d, 0.0, 1.0);
  float rim = clamp(1.0 - abs(d + 0.5 * ratio) / ratio, 0.0, 1.0);
  colour = vec4(mix(land, shore, rim), 1.0) * max(inside, rim);
}`,
};

export const THIN = {
  vertex: `${HEAD}
layout(location=0) in vec2 place;
uniform vec4 view;
void main() { gl_Position = vec4(place * view.xy + view.zw, 0.0, 1.0); }`,
  fragment: `${HEAD}
uniform vec4 tint;
out vec4 colour;
void main() { colour = tint; }`,
};

const WIDE_ENDS = `
layout(location=1) in vec4 ends;
layout(location=2) in vec2 shares;
layout(location=3) in vec4 tint;
layout(location=4) in float dashed;
uniform vec4 view;
uniform vec2 screen;
uniform vec3 radius;
uniform float width;
out vec4 paint;
vec2 pixels(vec2 place) { return (place * view.xy + view.zw) * screen; }
float reach(float share) { return min(mix(radius.x, radius.y, share), radius.z); }
`;

export const WIDE = {
  vertex: `${HEAD}
layout(location=0) in vec2 corner;
${WIDE_ENDS}
out vec2 at;
flat out float dash;
void main() {
  vec2 a = pixels(ends.xy), b = pixels(ends.zw);
  float whole = max(length(b - a), 0.001);
  vec2 along = (b - a) / whole;
  b -= along * min(reach(shares.y) + width * 2.0, whole * 0.5);
  vec2 across = vec2(-along.y, along.x) * corner.y * (width * 0.5 + 1.0);
  at = vec2(corner.x * whole, corner.y * (width * 0.5 + 1.0));
  dash = dashed;
  paint = tint;
  gl_Position = vec4((mix(a, b, corner.x) + across) / screen, 0.0, 1.0);
}`,
  fragment: `${HEAD}
in vec4 paint;
in vec2 at;
flat in float dash;
uniform float width;
out vec4 colour;
void main() {
  float cover = clamp(width * 0.5 + 0.5 - abs(at.y), 0.0, 1.0) * min(width, 1.0);
  if (dash > 0.5 && mod(at.x, width * 7.0) > width * 4.0) cover = 0.0;
  colour = vec4(paint.rgb, 1.0) * paint.a * cover;
}`,
};

export const ARROW = {
  vertex: `${HEAD}
layout(location=0) in vec2 corner;
${WIDE_ENDS}
void main() {
  vec2 a = pixels(ends.xy), b = pixels(ends.zw);
  float whole = max(length(b - a), 0.001);
  vec2 along = (b - a) / whole;
  float size = width * 4.0 + 2.0;
  float room = whole - reach(shares.x) - reach(shares.y);
  vec2 tip = b - along * (reach(shares.y) + 0.5);
  vec2 spot = tip - along * corner.x * size + vec2(-along.y, along.x) * corner.y * size * 0.45;
  paint = tint;
  gl_Position = room < size * 2.0 ? vec4(2.0, 2.0, 2.0, 1.0) : vec4(spot / screen, 0.0, 1.0);
}`,
  fragment: `${HEAD}
in vec4 paint;
out vec4 colour;
void main() { colour = vec4(paint.rgb, 1.0) * min(paint.a * 1.3, 1.0); }`,
};

export const NODE = {
  vertex: `${HEAD}
layout(location=0) in vec2 place;
layout(location=1) in float share;
layout(location=2) in uint kind;
layout(location=3) in uint state;
uniform vec4 view;
uniform vec3 radius;
uniform vec3 colours[8];
uniform uint shapes[8];
uniform vec3 land;
uniform float ratio;
flat out vec3 paint;
flat out vec3 edge;
flat out float r;
flat out float whole;
flat out uint shape;
flat out float strength;
void main() {
  paint = vec3(0.0); edge = vec3(0.0); r = 1.0; whole = 1.0; shape = 0u; strength = 1.0;
  if (state == 0u) { gl_Position = vec4(2.0, 2.0, 2.0, 1.0); gl_PointSize = 1.0; return; }
  gl_Position = vec4(place * view.xy + view.zw, 0.0, 1.0);
  float wanted = min(mix(radius.x, radius.y, share), radius.z);
  if (state == 3u) wanted = max(wanted, 3.5 * ratio);
  if (state == 4u) wanted = max(wanted * 1.15, 6.0 * ratio);
  r = max(wanted, 0.8);
  strength = min(1.0, wanted * wanted / (r * r));
  whole = r * 1.4 + 1.0;
  gl_PointSize = 2.0 * whole;
  uint k = min(kind, 7u);
  shape = r < 2.2 ? 0u : shapes[k];
  paint = colours[k];
  if (state == 2u) { paint = mix(land, paint, 0.22); edge = paint; }
  else edge = r > 3.0 * ratio ? paint * 0.72 : paint;
}`,
  fragment: `${HEAD}
flat in vec3 paint;
flat in vec3 edge;
flat in float r;
flat in float whole;
flat in uint shape;
flat in float strength;
uniform float ratio;
out vec4 colour;
float turned(vec2 p, float angle, float inner) {
  vec2 n = vec2(cos(angle), sin(angle));
  return dot(p, n) - inner;
}
float ring(vec2 p, int sides, float start, float inner) {
  float d = -1e9;
  for (int side = 0; side < 6; side++) {
    if (side >= sides) break;
    d = max(d, turned(p, start + 6.2831853 * float(side) / float(sides), inner));
  }
  return d;
}
float star(vec2 p, float radius) {
  const vec2 k1 = vec2(0.809016994375, -0.587785252292);
  const vec2 k2 = vec2(-0.809016994375, -0.587785252292);
  p.x = abs(p.x);
  p -= 2.0 * max(dot(k1, p), 0.0) * k1;
  p -= 2.0 * max(dot(k2, p), 0.0) * k2;
  p.x = abs(p.x);
  p.y -= radius;
  vec2 ba = 0.45 * vec2(-k1.y, k1.x) - vec2(0.0, 1.0);
  float h = clamp(dot(p, ba) / dot(ba, ba), 0.0, radius);
  return length(p - ba * h) * sign(p.y * ba.x - p.x * ba.y);
}
void main() {
  vec2 p = (gl_PointCoord * 2.0 - 1.0) * whole;
  p.y = -p.y;
  float d;
  if (shape == 0u) d = length(p) - r;
  else if (shape == 1u) d = max(abs(p.x), abs(p.y)) - r * 0.86;
  else if (shape == 2u) d = (abs(p.x) + abs(p.y)) * 0.70711 - r * 0.87;
  else if (shape == 3u) d = ring(p, 3, -1.5707963, r * 0.66);
  else if (shape == 4u) d = ring(p, 6, 1.5707963, r * 0.95);
  else if (shape == 5u) d = star(p, r * 1.32);
  else d = ring(p, 3, 1.5707963, r * 0.66);
  float cover = clamp(0.5 - d, 0.0, 1.0) * strength;
  if (cover <= 0.0) discard;
  colour = vec4(mix(paint, edge, clamp(d + ratio + 0.5, 0.0, 1.0)), 1.0) * cover;
}`,
};
