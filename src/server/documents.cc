// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/documents.h"

#include "site/time_zone.h"
#include "text/json.h"

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

Value time_document(site::WallTime time) {
    return site::is_set(time) ? Value(site::format_time(time)) : Value();
}

Value document(const site::Device& device) {
    Value macs = Value::list();
    for (const auto& mac : device.macs) macs.push(mac);
    Value value = Value::map();
    value.set("id", device.id.value).set("name", device.name).set("macs", std::move(macs));
    value.set("smbios_uuid", device.smbios_uuid).set("serial", device.serial);
    value.set("comment", device.comment).set("approval", to_string(device.approval));
    value.set("created_at", time_document(device.created_at));
    value.set("asset_at", time_document(device.asset_at));
    return value;
}

Value document(const std::vector<site::Variable>& variables) {
    Value list = Value::list();
    for (const auto& variable : variables) {
        Value item = Value::map();
        item.set("name", variable.name);
        item.set("value", variable.secret ? Value() : Value(variable.value));
        list.push(std::move(item.set("secret", variable.secret)));
    }
    return list;
}

Value document(const site::ImagePackage& image) {
    Value images = Value::list();
    for (const auto& one : image.images) {
        Value item = Value::map();
        item.set("index", one.index).set("name", one.name).set("description", one.description);
        item.set("architecture", one.architecture).set("total_bytes", one.total_bytes);
        item.set("file_count", one.file_count);
        images.push(std::move(item));
    }
    Value value = Value::map();
    value.set("id", image.id.value).set("name", image.name).set("version", image.version);
    value.set("comment", image.comment).set("content_id", image.content_id);
    value.set("image_bytes", image.image_bytes).set("source_path", image.source_path);
    value.set("state", to_string(image.state)).set("images", std::move(images));
    value.set("multicast_only", image.multicast_only).set("kind", to_string(image.kind));
    value.set("allow_multicast", image.allow_multicast).set("encrypt", image.encrypt);
    value.set("priority", to_string(image.priority));
    value.set("created_at", time_document(image.created_at));
    return value;
}

Value document(const site::SequenceRecord& sequence) {
    Value value = Value::map();
    value.set("id", sequence.id.value).set("name", sequence.name);
    value.set("version", sequence.version).set("text", sequence.text);
    value.set("created_at", time_document(sequence.created_at));
    return value;
}

Value document(const site::Deployment& deployment) {
    const auto& rule = deployment.start_rule;
    Value start = Value::map();
    start.set("clients", rule.min_clients).set("delay_seconds", rule.max_wait_seconds);
    start.set("at", time_document(rule.at)).set("when_all", rule.when_all);
    start.set("by_hand", rule.by_hand).set("words", to_string(rule));
    Value places = Value::list();
    for (auto place : deployment.offered_to) places.push(to_string(place));
    Value value = Value::map();
    value.set("id", deployment.id.value).set("sequence", deployment.sequence_name);
    value.set("sequence_version", deployment.sequence_version);
    value.set("collection", deployment.collection_name).set("start", std::move(start));
    value.set("purpose", to_string(deployment.purpose)).set("state", to_string(deployment.state));
    value.set("comment", deployment.comment).set("time_zone", deployment.time_zone);
    value.set("available_from", time_document(deployment.available_from));
    value.set("deadline", time_document(deployment.deadline));
    value.set("expires", time_document(deployment.expires));
    value.set("armed_until", time_document(deployment.armed_until));
    value.set("rerun", to_string(deployment.rerun)).set("offered_to", std::move(places));
    value.set("wake_on_lan", deployment.wake_on_lan);
    value.set("ignore_maintenance_windows", deployment.ignore_windows);
    value.set("readiness_minutes", deployment.readiness_minutes);
    value.set("created_at", time_document(deployment.created_at));
    return value;
}

Value document(const site::DeviceProgress& progress, const std::string& device_name) {
    Value value = Value::map();
    value.set("device", device_name).set("state", to_string(progress.state));
    value.set("step_index", progress.step_index).set("step", progress.step_name);
    value.set("stage", progress.stage).set("progress", progress.progress);
    value.set("paused", progress.stage.ends_with(site::kPausedSuffix));
    value.set("rate_bytes_per_second", progress.rate_bytes_per_second);
    value.set("missing_blocks", progress.missing_blocks).set("message", progress.message);
    value.set("blocks_received", progress.counters.blocks_received);
    value.set("blocks_repaired", progress.counters.blocks_repaired);
    value.set("loss", progress.counters.loss).set("seconds", progress.counters.seconds);
    value.set("unicast_bytes", progress.counters.unicast_bytes);
    value.set("verified", progress.verified);
    value.set("updated_at", time_document(progress.updated_at));
    return value;
}

Value document(const site::StepEvent& event) {
    Value value = Value::map();
    value.set("index", event.step_index).set("name", event.step_name);
    value.set("outcome", to_string(event.outcome)).set("message", event.message);
    value.set("output", event.output).set("at", time_document(event.at));
    return value;
}

Value document(const site::LogLine& line) {
    Value value = Value::map();
    value.set("id", line.id).set("deployment", line.deployment_id.value);
    value.set("at", time_document(line.at)).set("level", line.level);
    value.set("step_index", line.step_index).set("text", line.text);
    return value;
}

Value document(const store::AdminToken& token) {
    Value value = Value::map();
    value.set("name", token.name).set("role", to_string(token.role));
    value.set("created_at", time_document(token.created_at));
    value.set("expires_at", token.expires_at ? time_document(*token.expires_at) : Value());
    return value;
}

Value document(const store::AuditRecord& record) {
    const auto part = [](const std::string& json) {
        auto parsed = text::parse_json(json);
        return parsed.ok() && parsed->as_map() != nullptr ? *parsed : Value();
    };
    Value value = Value::map();
    value.set("id", record.id).set("at", time_document(record.at)).set("who", record.who);
    value.set("operation", record.operation).set("target", record.target);
    value.set("from", part(record.before)).set("to", part(record.after));
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
