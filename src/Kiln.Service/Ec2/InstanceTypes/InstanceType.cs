namespace Kiln.Service.Ec2.InstanceTypes;

/// <summary>What an instance type is. EC2 API Reference "InstanceTypeInfo"; facts as AWS publishes them.</summary>
public sealed record InstanceType
{
    /// <summary>The name, e.g. <c>t3.micro</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The family, e.g. <c>t3</c>.</summary>
    public required string Family { get; init; }

    /// <summary>The processors' architectures.</summary>
    public required IReadOnlyList<string> Architectures { get; init; }

    /// <summary><c>hvm</c>, <c>paravirtual</c>.</summary>
    public required IReadOnlyList<string> VirtualizationTypes { get; init; }

    /// <summary><c>ebs</c>, <c>instance-store</c>.</summary>
    public required IReadOnlyList<string> RootDeviceTypes { get; init; }

    /// <summary><c>legacy-bios</c>, <c>uefi</c>.</summary>
    public required IReadOnlyList<string> BootModes { get; init; }

    /// <summary><c>nitro</c> or <c>xen</c>; none for bare metal.</summary>
    public required string? Hypervisor { get; init; }

    /// <summary>Whether AWS counts it among the current ones.</summary>
    public required bool CurrentGeneration { get; init; }

    /// <summary>Whether it earns processor credits.</summary>
    public required bool Burstable { get; init; }

    /// <summary>Whether it is a whole machine.</summary>
    public required bool BareMetal { get; init; }

    /// <summary><c>required</c>, <c>supported</c> or <c>unsupported</c>.</summary>
    public required string EnaSupport { get; init; }

    /// <summary>Whether EBS volumes are NVMe devices: <c>required</c> or <c>unsupported</c>.</summary>
    public required string EbsNvme { get; init; }

    /// <summary><c>default</c>, <c>supported</c> or <c>unsupported</c>.</summary>
    public required string EbsOptimized { get; init; }

    /// <summary>Who makes the processor.</summary>
    public required string Manufacturer { get; init; }

    /// <summary>Threads of a core.</summary>
    public required int ThreadsPerCore { get; init; }

    /// <summary>Virtual processors.</summary>
    public required int VCpus { get; init; }

    /// <summary>Memory in MiB.</summary>
    public required int MemoryMiB { get; init; }

    /// <summary>Instance store disks; 0 for none.</summary>
    public required int Disks { get; init; }

    /// <summary>Size of each, in GB.</summary>
    public required int DiskGB { get; init; }

    /// <summary><c>ssd</c> or <c>hdd</c>.</summary>
    public required string DiskType { get; init; }

    /// <summary>The network's speed in AWS's words.</summary>
    public required string Network { get; init; }

    /// <summary>Network interfaces that AWS allows.</summary>
    public required int Interfaces { get; init; }

    /// <summary>Private addresses of each.</summary>
    public required int AddressesPerInterface { get; init; }

    /// <summary>Whether instance store disks are NVMe devices, which are there without a mapping.</summary>
    public bool HasNvmeDisks => Disks > 0 && (EbsNvme == "required" || Family == "i3");
}
