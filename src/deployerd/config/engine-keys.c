/* SPDX-License-Identifier: MIT */
/*
 * The keys of container-create, each with its type, and the versions of the Engine API between which it came
 * or went: see engine-keys.h. Made of the descriptions of 1.41, 1.44, 1.55, and never edited but made again:
 *
 *     scripts/engine-keys v1.*.yaml >src/deployerd/config/engine-keys.c
 */
#include "deployerd/config/engine-keys.h"

/* clang-format off */
#define OBJECT(keys) { ENGINE_OBJECT, NULL, (keys), ELEMENTSOF(keys) }

static const EngineType type_bool = { ENGINE_BOOL, NULL, NULL, 0 };
static const EngineType type_integer = { ENGINE_INTEGER, NULL, NULL, 0 };
static const EngineType type_string = { ENGINE_STRING, NULL, NULL, 0 };
static const EngineType type_words = { ENGINE_WORDS, NULL, NULL, 0 };
static const EngineType type_free = { ENGINE_FREE, NULL, NULL, 0 };
static const EngineType type_string_array = { ENGINE_ARRAY, &type_string, NULL, 0 };
static const EngineType type_free_map = { ENGINE_MAP, &type_free, NULL, 0 };

static const EngineKey keys_health_config[] = {
        { "Interval", &type_integer, 0, 0, 0 },
        { "Retries", &type_integer, 0, 0, 0 },
        { "StartInterval", &type_integer, 41, 44, 0 },
        { "StartPeriod", &type_integer, 0, 0, 0 },
        { "Test", &type_string_array, 0, 0, 0 },
        { "Timeout", &type_integer, 0, 0, 0 },
};
static const EngineType type_health_config = OBJECT(keys_health_config);
static const EngineType type_string_map = { ENGINE_MAP, &type_string, NULL, 0 };

static const EngineKey keys_throttle_device[] = {
        { "Path", &type_string, 0, 0, 0 },
        { "Rate", &type_integer, 0, 0, 0 },
};
static const EngineType type_throttle_device = OBJECT(keys_throttle_device);
static const EngineType type_throttle_device_array = { ENGINE_ARRAY, &type_throttle_device, NULL, 0 };

static const EngineKey keys_resources_blkio_weight_device_item[] = {
        { "Path", &type_string, 0, 0, 0 },
        { "Weight", &type_integer, 0, 0, 0 },
};
static const EngineType type_resources_blkio_weight_device_item = OBJECT(keys_resources_blkio_weight_device_item);
static const EngineType type_resources_blkio_weight_device_item_array = { ENGINE_ARRAY, &type_resources_blkio_weight_device_item, NULL, 0 };
static const EngineType type_integer_array = { ENGINE_ARRAY, &type_integer, NULL, 0 };
static const EngineType type_string_array_array = { ENGINE_ARRAY, &type_string_array, NULL, 0 };

static const EngineKey keys_device_request[] = {
        { "Capabilities", &type_string_array_array, 0, 0, 0 },
        { "Count", &type_integer, 0, 0, 0 },
        { "DeviceIDs", &type_string_array, 0, 0, 0 },
        { "Driver", &type_string, 0, 0, 0 },
        { "Options", &type_string_map, 0, 0, 0 },
};
static const EngineType type_device_request = OBJECT(keys_device_request);
static const EngineType type_device_request_array = { ENGINE_ARRAY, &type_device_request, NULL, 0 };

static const EngineKey keys_device_mapping[] = {
        { "CgroupPermissions", &type_string, 0, 0, 0 },
        { "PathInContainer", &type_string, 0, 0, 0 },
        { "PathOnHost", &type_string, 0, 0, 0 },
};
static const EngineType type_device_mapping = OBJECT(keys_device_mapping);
static const EngineType type_device_mapping_array = { ENGINE_ARRAY, &type_device_mapping, NULL, 0 };

static const EngineKey keys_host_config_log_config[] = {
        { "Config", &type_string_map, 0, 0, 0 },
        { "Type", &type_string, 0, 0, 0 },
};
static const EngineType type_host_config_log_config = OBJECT(keys_host_config_log_config);

static const EngineKey keys_mount_bind_options[] = {
        { "CreateMountpoint", &type_bool, 41, 44, 0 },
        { "NonRecursive", &type_bool, 0, 0, 0 },
        { "Propagation", &type_string, 0, 0, 0 },
        { "ReadOnlyForceRecursive", &type_bool, 41, 44, 0 },
        { "ReadOnlyNonRecursive", &type_bool, 41, 44, 0 },
};
static const EngineType type_mount_bind_options = OBJECT(keys_mount_bind_options);

static const EngineKey keys_mount_image_options[] = {
        { "Subpath", &type_string, 0, 0, 0 },
};
static const EngineType type_mount_image_options = OBJECT(keys_mount_image_options);

static const EngineKey keys_mount_tmpfs_options[] = {
        { "Mode", &type_integer, 0, 0, 0 },
        { "Options", &type_string_array_array, 44, 55, 0 },
        { "SizeBytes", &type_integer, 0, 0, 0 },
};
static const EngineType type_mount_tmpfs_options = OBJECT(keys_mount_tmpfs_options);

static const EngineKey keys_mount_volume_options_driver_config[] = {
        { "Name", &type_string, 0, 0, 0 },
        { "Options", &type_string_map, 0, 0, 0 },
};
static const EngineType type_mount_volume_options_driver_config = OBJECT(keys_mount_volume_options_driver_config);

static const EngineKey keys_mount_volume_options[] = {
        { "DriverConfig", &type_mount_volume_options_driver_config, 0, 0, 0 },
        { "Labels", &type_string_map, 0, 0, 0 },
        { "NoCopy", &type_bool, 0, 0, 0 },
        { "Subpath", &type_string, 44, 55, 0 },
};
static const EngineType type_mount_volume_options = OBJECT(keys_mount_volume_options);

static const EngineKey keys_mount[] = {
        { "BindOptions", &type_mount_bind_options, 0, 0, 0 },
        { "Consistency", &type_string, 0, 0, 0 },
        { "ImageOptions", &type_mount_image_options, 44, 55, 0 },
        { "ReadOnly", &type_bool, 0, 0, 0 },
        { "Source", &type_string, 0, 0, 0 },
        { "Target", &type_string, 0, 0, 0 },
        { "TmpfsOptions", &type_mount_tmpfs_options, 0, 0, 0 },
        { "Type", &type_string, 0, 0, 0 },
        { "VolumeOptions", &type_mount_volume_options, 0, 0, 0 },
};
static const EngineType type_mount = OBJECT(keys_mount);
static const EngineType type_mount_array = { ENGINE_ARRAY, &type_mount, NULL, 0 };

static const EngineKey keys_port_binding[] = {
        { "HostIp", &type_string, 0, 0, 0 },
        { "HostPort", &type_string, 0, 0, 0 },
};
static const EngineType type_port_binding = OBJECT(keys_port_binding);
static const EngineType type_port_binding_array = { ENGINE_ARRAY, &type_port_binding, NULL, 0 };
static const EngineType type_port_binding_array_map = { ENGINE_MAP, &type_port_binding_array, NULL, 0 };

static const EngineKey keys_restart_policy[] = {
        { "MaximumRetryCount", &type_integer, 0, 0, 0 },
        { "Name", &type_string, 0, 0, 0 },
};
static const EngineType type_restart_policy = OBJECT(keys_restart_policy);

static const EngineKey keys_resources_ulimits_item[] = {
        { "Hard", &type_integer, 0, 0, 0 },
        { "Name", &type_string, 0, 0, 0 },
        { "Soft", &type_integer, 0, 0, 0 },
};
static const EngineType type_resources_ulimits_item = OBJECT(keys_resources_ulimits_item);
static const EngineType type_resources_ulimits_item_array = { ENGINE_ARRAY, &type_resources_ulimits_item, NULL, 0 };

static const EngineKey keys_host_config[] = {
        { "Annotations", &type_string_map, 41, 44, 0 },
        { "AutoRemove", &type_bool, 0, 0, 0 },
        { "Binds", &type_string_array, 0, 0, 0 },
        { "BlkioDeviceReadBps", &type_throttle_device_array, 0, 0, 0 },
        { "BlkioDeviceReadIOps", &type_throttle_device_array, 0, 0, 0 },
        { "BlkioDeviceWriteBps", &type_throttle_device_array, 0, 0, 0 },
        { "BlkioDeviceWriteIOps", &type_throttle_device_array, 0, 0, 0 },
        { "BlkioWeight", &type_integer, 0, 0, 0 },
        { "BlkioWeightDevice", &type_resources_blkio_weight_device_item_array, 0, 0, 0 },
        { "CapAdd", &type_string_array, 0, 0, 0 },
        { "CapDrop", &type_string_array, 0, 0, 0 },
        { "Cgroup", &type_string, 0, 0, 0 },
        { "CgroupParent", &type_string, 0, 0, 0 },
        { "CgroupnsMode", &type_string, 0, 0, 0 },
        { "ConsoleSize", &type_integer_array, 0, 0, 0 },
        { "ContainerIDFile", &type_string, 0, 0, 0 },
        { "CpuCount", &type_integer, 0, 0, 0 },
        { "CpuPercent", &type_integer, 0, 0, 0 },
        { "CpuPeriod", &type_integer, 0, 0, 0 },
        { "CpuQuota", &type_integer, 0, 0, 0 },
        { "CpuRealtimePeriod", &type_integer, 0, 0, 0 },
        { "CpuRealtimeRuntime", &type_integer, 0, 0, 0 },
        { "CpuShares", &type_integer, 0, 0, 0 },
        { "CpusetCpus", &type_string, 0, 0, 0 },
        { "CpusetMems", &type_string, 0, 0, 0 },
        { "DeviceCgroupRules", &type_string_array, 0, 0, 0 },
        { "DeviceRequests", &type_device_request_array, 0, 0, 0 },
        { "Devices", &type_device_mapping_array, 0, 0, 0 },
        { "Dns", &type_string_array, 0, 0, 0 },
        { "DnsOptions", &type_string_array, 0, 0, 0 },
        { "DnsSearch", &type_string_array, 0, 0, 0 },
        { "ExtraHosts", &type_string_array, 0, 0, 0 },
        { "GroupAdd", &type_string_array, 0, 0, 0 },
        { "IOMaximumBandwidth", &type_integer, 0, 0, 0 },
        { "IOMaximumIOps", &type_integer, 0, 0, 0 },
        { "Init", &type_bool, 0, 0, 0 },
        { "IpcMode", &type_string, 0, 0, 0 },
        { "Isolation", &type_string, 0, 0, 0 },
        { "KernelMemory", &type_integer, 0, 0, 44 },
        { "KernelMemoryTCP", &type_integer, 0, 0, 55 },
        { "Links", &type_string_array, 0, 0, 0 },
        { "LogConfig", &type_host_config_log_config, 0, 0, 0 },
        { "MaskedPaths", &type_string_array, 0, 0, 0 },
        { "Memory", &type_integer, 0, 0, 0 },
        { "MemoryReservation", &type_integer, 0, 0, 0 },
        { "MemorySwap", &type_integer, 0, 0, 0 },
        { "MemorySwappiness", &type_integer, 0, 0, 0 },
        { "Mounts", &type_mount_array, 0, 0, 0 },
        { "NanoCpus", &type_integer, 0, 0, 0 },
        { "NetworkMode", &type_string, 0, 0, 0 },
        { "OomKillDisable", &type_bool, 0, 0, 0 },
        { "OomScoreAdj", &type_integer, 0, 0, 0 },
        { "PidMode", &type_string, 0, 0, 0 },
        { "PidsLimit", &type_integer, 0, 0, 0 },
        { "PortBindings", &type_port_binding_array_map, 0, 0, 0 },
        { "Privileged", &type_bool, 0, 0, 0 },
        { "PublishAllPorts", &type_bool, 0, 0, 0 },
        { "ReadonlyPaths", &type_string_array, 0, 0, 0 },
        { "ReadonlyRootfs", &type_bool, 0, 0, 0 },
        { "RestartPolicy", &type_restart_policy, 0, 0, 0 },
        { "Runtime", &type_string, 0, 0, 0 },
        { "SecurityOpt", &type_string_array, 0, 0, 0 },
        { "ShmSize", &type_integer, 0, 0, 0 },
        { "StorageOpt", &type_string_map, 0, 0, 0 },
        { "Sysctls", &type_string_map, 0, 0, 0 },
        { "Tmpfs", &type_string_map, 0, 0, 0 },
        { "UTSMode", &type_string, 0, 0, 0 },
        { "Ulimits", &type_resources_ulimits_item_array, 0, 0, 0 },
        { "UsernsMode", &type_string, 0, 0, 0 },
        { "VolumeDriver", &type_string, 0, 0, 0 },
        { "VolumesFrom", &type_string_array, 0, 0, 0 },
};
static const EngineType type_host_config = OBJECT(keys_host_config);

static const EngineKey keys_endpoint_ipamconfig[] = {
        { "IPv4Address", &type_string, 0, 0, 0 },
        { "IPv6Address", &type_string, 0, 0, 0 },
        { "LinkLocalIPs", &type_string_array, 0, 0, 0 },
};
static const EngineType type_endpoint_ipamconfig = OBJECT(keys_endpoint_ipamconfig);

static const EngineKey keys_endpoint_settings[] = {
        { "Aliases", &type_string_array, 0, 0, 0 },
        { "DriverOpts", &type_string_map, 0, 0, 0 },
        { "GwPriority", &type_integer, 44, 55, 0 },
        { "IPAMConfig", &type_endpoint_ipamconfig, 0, 0, 0 },
        { "Links", &type_string_array, 0, 0, 0 },
        { "MacAddress", &type_string, 0, 0, 0 },
};
static const EngineType type_endpoint_settings = OBJECT(keys_endpoint_settings);
static const EngineType type_endpoint_settings_map = { ENGINE_MAP, &type_endpoint_settings, NULL, 0 };

static const EngineKey keys_networking_config[] = {
        { "EndpointsConfig", &type_endpoint_settings_map, 0, 0, 0 },
};
static const EngineType type_networking_config = OBJECT(keys_networking_config);

static const EngineKey keys_container_create[] = {
        { "ArgsEscaped", &type_bool, 0, 0, 0 },
        { "AttachStderr", &type_bool, 0, 0, 0 },
        { "AttachStdin", &type_bool, 0, 0, 0 },
        { "AttachStdout", &type_bool, 0, 0, 0 },
        { "Cmd", &type_words, 0, 0, 0 },
        { "Domainname", &type_string, 0, 0, 0 },
        { "Entrypoint", &type_words, 0, 0, 0 },
        { "Env", &type_string_array, 0, 0, 0 },
        { "ExposedPorts", &type_free_map, 0, 0, 0 },
        { "Healthcheck", &type_health_config, 0, 0, 0 },
        { "HostConfig", &type_host_config, 0, 0, 0 },
        { "Hostname", &type_string, 0, 0, 0 },
        { "Image", &type_string, 0, 0, 0 },
        { "Labels", &type_string_map, 0, 0, 0 },
        { "MacAddress", &type_string, 0, 0, 55 },
        { "NetworkDisabled", &type_bool, 0, 0, 0 },
        { "NetworkingConfig", &type_networking_config, 0, 0, 0 },
        { "OnBuild", &type_string_array, 0, 0, 0 },
        { "OpenStdin", &type_bool, 0, 0, 0 },
        { "Shell", &type_string_array, 0, 0, 0 },
        { "StdinOnce", &type_bool, 0, 0, 0 },
        { "StopSignal", &type_string, 0, 0, 0 },
        { "StopTimeout", &type_integer, 0, 0, 0 },
        { "Tty", &type_bool, 0, 0, 0 },
        { "User", &type_string, 0, 0, 0 },
        { "Volumes", &type_free_map, 0, 0, 0 },
        { "WorkingDir", &type_string, 0, 0, 0 },
};

const EngineType engine_create_body = OBJECT(keys_container_create);
