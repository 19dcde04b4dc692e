using Kiln.Protocol.Shapes;

namespace Kiln.Service.Ec2.InstanceTypes;

/// <summary>An instance type on the wire. EC2 API Reference "InstanceTypeInfo".</summary>
public sealed record InstanceTypeItem
{
    public required string InstanceType { get; init; }
    public required bool CurrentGeneration { get; init; }
    public required bool FreeTierEligible { get; init; }

    [Wire("supportedUsageClasses")]
    public IReadOnlyList<string> SupportedUsageClasses { get; init; } = ["on-demand"];

    [Wire("supportedRootDeviceTypes")] public required IReadOnlyList<string> SupportedRootDeviceTypes { get; init; }

    [Wire("supportedVirtualizationTypes")]
    public required IReadOnlyList<string> SupportedVirtualizationTypes { get; init; }

    public required bool BareMetal { get; init; }
    public string? Hypervisor { get; init; }
    public required Processor ProcessorInfo { get; init; }
    public required VCpu VCpuInfo { get; init; }
    public required Memory MemoryInfo { get; init; }
    public required bool InstanceStorageSupported { get; init; }
    public Storage? InstanceStorageInfo { get; init; }
    public required Ebs EbsInfo { get; init; }
    public required Network NetworkInfo { get; init; }
    public required bool BurstablePerformanceSupported { get; init; }
    public bool HibernationSupported { get; init; }
    public bool DedicatedHostsSupported { get; init; }
    public bool AutoRecoverySupported { get; init; }
    [Wire("supportedBootModes")] public required IReadOnlyList<string> SupportedBootModes { get; init; }

    /// <summary>A type.</summary>
    public static InstanceTypeItem Of(InstanceType type) => new()
    {
        InstanceType = type.Name,
        CurrentGeneration = type.CurrentGeneration,
        FreeTierEligible = type.Name is "t2.micro" or "t3.micro",
        SupportedRootDeviceTypes = type.RootDeviceTypes,
        SupportedVirtualizationTypes = type.VirtualizationTypes,
        BareMetal = type.BareMetal,
        Hypervisor = type.Hypervisor,
        ProcessorInfo = new Processor(type.Architectures, type.Manufacturer),
        VCpuInfo = new VCpu(type.VCpus, Math.Max(1, type.VCpus / type.ThreadsPerCore), type.ThreadsPerCore),
        MemoryInfo = new Memory(type.MemoryMiB),
        InstanceStorageSupported = type.Disks > 0,
        InstanceStorageInfo = type.Disks == 0 ? null : new Storage(
            (long)type.Disks * type.DiskGB, [new Disk(type.DiskGB, type.Disks, type.DiskType)],
            type.HasNvmeDisks ? "required" : "unsupported"),
        EbsInfo = new Ebs(type.EbsOptimized, "supported", type.EbsNvme),
        NetworkInfo = new Network(
            type.Network, type.Interfaces, 1, 0, type.AddressesPerInterface, type.EnaSupport, false),
        BurstablePerformanceSupported = type.Burstable,
        SupportedBootModes = type.BootModes,
    };

    /// <summary>The processor.</summary>
    public sealed record Processor(
        [property: Wire("supportedArchitectures")] IReadOnlyList<string> SupportedArchitectures, string Manufacturer);

    /// <summary>Virtual processors.</summary>
    public sealed record VCpu(int DefaultVCpus, int DefaultCores, int DefaultThreadsPerCore);

    /// <summary>Memory.</summary>
    public sealed record Memory(long SizeInMiB);

    /// <summary>Instance store.</summary>
    public sealed record Storage(
        long TotalSizeInGB, [property: Wire("disks")] IReadOnlyList<Disk> Disks, string NvmeSupport);

    /// <summary>Instance store disks of one kind.</summary>
    public sealed record Disk(long SizeInGB, int Count, string Type);

    /// <summary>What EBS volumes find.</summary>
    public sealed record Ebs(string EbsOptimizedSupport, string EncryptionSupport, string NvmeSupport);

    /// <summary>The network.</summary>
    public sealed record Network(
        string NetworkPerformance, int MaximumNetworkInterfaces, int MaximumNetworkCards,
        int DefaultNetworkCardIndex, int Ipv4AddressesPerInterface, string EnaSupport, bool EfaSupported);
}
