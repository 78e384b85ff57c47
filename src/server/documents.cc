// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/documents.h"

namespace muster::server {

namespace {

std::string_view state_name(mcast::SenderState state) {
    switch (state) {
        case mcast::SenderState::gathering: return "waiting for computers";
        case mcast::SenderState::running: return "running";
        case mcast::SenderState::lingering: return "idle";
        case mcast::SenderState::ended: break;
    }
    return "ended";
}

}  // namespace

Value document(const site::Device& device) {
    Value macs = Value::list();
    for (const auto& mac : device.macs) macs.push(mac);
    Value value = Value::map();
    value.set("id", device.id.value).set("name", device.name).set("macs", std::move(macs));
    value.set("smbios_uuid", device.smbios_uuid).set("serial", device.serial);
    return value;
}

Value document(const site::Collection& collection) {
    Value members = Value::list();
    for (auto id : collection.members) members.push(id.value);
    Value value = Value::map();
    value.set("id", collection.id.value).set("name", collection.name);
    value.set("members", std::move(members));
    return value;
}

Value document(const site::ImagePackage& image) {
    Value images = Value::list();
    for (const auto& one : image.images) {
        Value item = Value::map();
        item.set("index", one.index).set("name", one.name);
        item.set("architecture", one.architecture).set("total_bytes", one.total_bytes);
        item.set("file_count", one.file_count);
        images.push(std::move(item));
    }
    Value value = Value::map();
    value.set("id", image.id.value).set("name", image.name).set("version", image.version);
    value.set("comment", image.comment).set("content_id", image.content_id);
    value.set("image_bytes", image.image_bytes).set("source_path", image.source_path);
    value.set("state", to_string(image.state)).set("images", std::move(images));
    value.set("multicast_only", image.multicast_only);
    return value;
}

Value document(const site::SequenceRecord& sequence) {
    Value value = Value::map();
    value.set("id", sequence.id.value).set("name", sequence.name);
    value.set("version", sequence.version).set("text", sequence.text);
    return value;
}

Value document(const site::Deployment& deployment) {
    Value start = Value::map();
    start.set("min_clients", deployment.start_rule.min_clients);
    start.set("max_wait_seconds", deployment.start_rule.max_wait_seconds);
    Value value = Value::map();
    value.set("id", deployment.id.value).set("sequence", deployment.sequence_name);
    value.set("sequence_version", deployment.sequence_version);
    value.set("collection", deployment.collection_name).set("start", std::move(start));
    value.set("purpose", to_string(deployment.purpose)).set("state", to_string(deployment.state));
    return value;
}

Value document(const site::DeviceProgress& progress, const std::string& device_name) {
    Value value = Value::map();
    value.set("device", device_name).set("state", to_string(progress.state));
    value.set("step_index", progress.step_index).set("step", progress.step_name);
    value.set("stage", progress.stage).set("progress", progress.progress);
    value.set("rate_bytes_per_second", progress.rate_bytes_per_second);
    value.set("missing_blocks", progress.missing_blocks).set("message", progress.message);
    value.set("blocks_received", progress.counters.blocks_received);
    value.set("blocks_repaired", progress.counters.blocks_repaired);
    value.set("loss", progress.counters.loss).set("seconds", progress.counters.seconds);
    value.set("unicast_bytes", progress.counters.unicast_bytes);
    value.set("verified", progress.verified);
    return value;
}

Value document(const session::SenderSnapshot& session) {
    const auto& counters = session.counters;
    Value bytes = Value::map();
    bytes.set("source", counters.source_wire_bytes).set("repair", counters.repair_wire_bytes);
    bytes.set("status", counters.status_wire_bytes).set("total", counters.wire_bytes());
    bytes.set("unicast", session.unicast_bytes);
    Value members = Value::list();
    for (const auto& member : session.members) {
        Value item = Value::map();
        item.set("name", member.name).set("state", mcast::to_string(member.state));
        item.set("why", member.why).set("missing_blocks", member.blocks_missing);
        item.set("loss", member.counters.loss()).set("seconds", member.seconds);
        item.set("forged", member.counters.blocks_forged);
        item.set("delivery", mcast::to_string(member.delivery));
        item.set("delivery_why", member.delivery_why);
        item.set("unicast_bytes", member.counters.unicast_bytes);
        members.push(std::move(item));
    }
    Value value = Value::map();
    value.set("state", state_name(session.state)).set("bytes_sent", std::move(bytes));
    value.set("paused", mcast::to_string(session.paused));  // why, or empty
    value.set("rate_bits_per_second", session.rate_bits_per_second);
    value.set("rate_limit_bits_per_second", session.rate_limit_bits_per_second);
    value.set("rate_limited_by", mcast::to_string(session.limited_by));
    value.set("unicast_limit_bits_per_second", session.unicast_limit_bits_per_second);
    value.set("progress", session.progress).set("seconds", session.seconds);
    value.set("waiting_seconds", session.waiting_seconds);
    value.set("live_members", session.live_members).set("members", std::move(members));
    return value;
}

}  // namespace muster::server
