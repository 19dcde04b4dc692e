namespace Kiln.Service.Ec2.Images;

/// <summary>What an image runs on and how it boots. Travels from image to instance to the next image, and by
/// copies.</summary>
/// <remarks>Also kept on snapshots of root volumes, so that an image registered from one knows its origin
/// (D-5).</remarks>
public sealed record ImagePlatform
{
    /// <summary><c>i386</c>, <c>x86_64</c>, <c>arm64</c>, <c>x86_64_mac</c> or <c>arm64_mac</c>.</summary>
    public required string Architecture { get; init; }

    /// <summary><c>hvm</c> or <c>paravirtual</c>.</summary>
    public required string VirtualizationType { get; init; }

    /// <summary>Kernel id of a paravirtual machine.</summary>
    public string? KernelId { get; init; }

    /// <summary>RAM disk id of a paravirtual machine.</summary>
    public string? RamdiskId { get; init; }

    /// <summary><c>windows</c> or null.</summary>
    public string? Platform { get; init; }

    /// <summary>Billing text, e.g. <c>Linux/UNIX</c>.</summary>
    public string? PlatformDetails { get; init; } = "Linux/UNIX";

    /// <summary>Billing operation, e.g. <c>RunInstances</c>.</summary>
    public string? UsageOperation { get; init; } = "RunInstances";

    /// <summary>Enhanced networking with ENA.</summary>
    public bool EnaSupport { get; init; }

    /// <summary><c>simple</c> or null.</summary>
    public string? SriovNetSupport { get; init; }

    /// <summary><c>legacy-bios</c>, <c>uefi</c>, <c>uefi-preferred</c> or null.</summary>
    public string? BootMode { get; init; }

    /// <summary><c>v2.0</c> or null.</summary>
    public string? TpmSupport { get; init; }

    /// <summary>The UEFI variable store, base64; or null.</summary>
    public string? UefiData { get; init; }
}
