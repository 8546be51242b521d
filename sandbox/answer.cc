#include "sandbox/answer.h"

#include <httplib.h>
#include <zlib.h>

#include <algorithm>
#include <memory>

#include "sandbox/https_server.h"

namespace ilkimza::sandbox {
namespace {

constexpr std::size_t kChunk = 1 << 20;

// The deflate stream of `kChunk` zeros, cut at a full flush: it can be repeated,
// since nothing in it refers to what came before.
std::string DeflatedChunk(int flush) {
  z_stream stream{};
  // Negative: no header of its own.
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    return "";
  }
  std::string zeros(kChunk, '\0');
  std::string out(deflateBound(&stream, kChunk) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(zeros.data());
  stream.avail_in = static_cast<uInt>(zeros.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, flush);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

void AppendLittleEndian(std::string& out, uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(value >> shift & 0xFF);
}

// Body, then padding; stops half-way where the answer is to be truncated.
void Provide(const Answer& answer, HttpsServer& server, httplib::Response& response) {
  const auto body = std::make_shared<std::string>(answer.body);
  const std::size_t total = body->size() + static_cast<std::size_t>(answer.padding);
  if (total == 0) return;
  const std::size_t end = answer.truncated ? total / 2 : total;
  const auto drip = answer.drip;
  response.set_content_provider(
      total, answer.content_type,
      [body, end, drip, &server](size_t offset, size_t length, httplib::DataSink& sink) {
        if (offset >= end) return false;
        std::size_t size = std::min({length, end - offset, std::size_t{64} * 1024});
        if (drip.count() > 0) {
          size = 1;
          if (!server.Sleep(drip)) return false;
        }
        if (offset < body->size()) {
          size = std::min(size, body->size() - offset);
          return sink.write(body->data() + offset, size);
        }
        const std::string spaces(size, ' ');
        return sink.write(spaces.data(), size);
      });
}

}  // namespace

std::string GzipBomb(int64_t size) {
  const std::string chunk = DeflatedChunk(Z_FULL_FLUSH);
  const std::string zeros(kChunk, '\0');
  const auto* bytes = reinterpret_cast<const Bytef*>(zeros.data());
  const uLong chunk_crc = crc32(0, bytes, static_cast<uInt>(zeros.size()));
  const auto chunks =
      static_cast<std::size_t>(std::max<int64_t>(1, size / static_cast<int64_t>(kChunk)));

  std::string out("\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff", 10);
  uLong crc = crc32(0, nullptr, 0);
  for (std::size_t i = 0; i < chunks; ++i) {
    out += chunk;
    crc = crc32_combine(crc, chunk_crc, static_cast<z_off_t>(kChunk));
  }
  out += DeflatedChunk(Z_FINISH);
  crc = crc32_combine(crc, chunk_crc, static_cast<z_off_t>(kChunk));
  AppendLittleEndian(out, static_cast<uint32_t>(crc));
  AppendLittleEndian(out, static_cast<uint32_t>((chunks + 1) * kChunk));
  return out;
}

void Send(const Answer& answer, HttpsServer& server, httplib::Response& response) {
  response.status = answer.status;
  for (const auto& [name, value] : answer.headers) response.set_header(name, value);
  if (answer.bomb > 0) {
    Answer bomb = answer;
    bomb.body = GzipBomb(answer.bomb);
    bomb.bomb = 0;
    response.set_header("Content-Encoding", "gzip");
    Provide(bomb, server, response);
    return;
  }
  if (answer.padding > 0 || answer.truncated || answer.drip.count() > 0) {
    Provide(answer, server, response);
    return;
  }
  response.set_content(answer.body, answer.content_type);
}

}  // namespace ilkimza::sandbox
