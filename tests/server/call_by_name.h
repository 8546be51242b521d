// A call by its method's name and in bytes, for services whose messages are not
// among ours: health and reflection.
#ifndef ILKIMZA_TESTS_SERVER_CALL_BY_NAME_H_
#define ILKIMZA_TESTS_SERVER_CALL_BY_NAME_H_

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace ilkimza::server {

// One message there, at most one back.
inline grpc::Status CallByName(const std::shared_ptr<grpc::Channel>& channel,
                               const std::string& method, const std::string& request,
                               std::string& response) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  grpc::CompletionQueue queue;
  const auto next = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  const auto call = stub.PrepareCall(&context, method, &queue);
  call->StartCall(nullptr);
  next();
  const grpc::Slice slice(request);
  call->Write(grpc::ByteBuffer(&slice, 1), nullptr);
  next();
  call->WritesDone(nullptr);
  next();
  grpc::ByteBuffer buffer;
  call->Read(&buffer, nullptr);
  if (next()) {
    std::vector<grpc::Slice> slices;
    if (buffer.Dump(&slices).ok()) {
      response.clear();
      for (const grpc::Slice& part : slices) {
        response.append(reinterpret_cast<const char*>(part.begin()), part.size());
      }
    }
  }
  grpc::Status status;
  call->Finish(&status, nullptr);
  next();
  queue.Shutdown();
  while (next()) {
  }
  return status;
}

}  // namespace ilkimza::server

#endif  // ILKIMZA_TESTS_SERVER_CALL_BY_NAME_H_
