namespace Kiln.Cli.Images;

/// <summary>A starter image that Kiln can make: a shell script among <c>Images/Recipes</c> and what it needs.</summary>
/// <param name="Name">The verb's argument, and the script's name.</param>
/// <param name="Summary">What comes out, for <c>--help</c>.</param>
public sealed record Recipe(string Name, string Summary)
{
    private const string Grub = "/usr/lib/grub/i386-pc/boot.img";

    private static readonly HostTool[] Common =
    [
        new("apt-get", "apt", "downloads Debian's packages"),
        new("dpkg-deb", "dpkg", "unpacks them"),
        new("mke2fs", "e2fsprogs", "writes the file system"),
        new("sfdisk", "fdisk", "writes the partition table"),
        .. Environment.IsPrivilegedProcess ? Array.Empty<HostTool>()
            : [new("fakeroot", "fakeroot", "lets files belong to root")],
    ];

    /// <summary>busybox, dropbear, the guest agent and a cloud kernel: boots in seconds.</summary>
    public static readonly Recipe Tiny = new("tiny", "A small Linux that boots in seconds; made in seconds.")
    {
        Family = "kiln-tiny",
        ParameterName = "tiny",
        Description = "Kiln's tiny Linux: busybox, dropbear and the guest agent; log in as root",
        Architectures = ["amd64", "arm64"],
        Tools =
        [
            new("readelf", "binutils", "finds the libraries that a program needs"),
            new("cpio", "cpio", "packs the initial RAM disk"),
        ],
    };

    /// <summary>Debian as cloud vendors ship it.</summary>
    public static readonly Recipe Debian = new("debian", "Debian 12 with cloud-init; made in a minute or two.")
    {
        Family = "debian-12",
        ParameterName = "debian-12",
        Description = "Debian 12 with cloud-init and the guest agent; log in as debian",
        Architectures = ["amd64"],
        Tools = [new("mmdebstrap", "mmdebstrap", "installs Debian into a folder")],
    };

    /// <summary>All of them.</summary>
    public static readonly IReadOnlyList<Recipe> All = [Tiny, Debian];

    /// <summary>What the image's name begins with.</summary>
    public required string Family { get; init; }

    /// <summary>The image's name among the parameters.</summary>
    public required string ParameterName { get; init; }

    /// <summary>The image's description.</summary>
    public required string Description { get; init; }

    /// <summary>Debian's names of the architectures it can be made for; the first is the default.</summary>
    public required IReadOnlyList<string> Architectures { get; init; }

    /// <summary>What it needs beside <see cref="ToolsFor"/>'s common ones.</summary>
    public required IReadOnlyList<HostTool> Tools { get; init; }

    /// <summary>The parameter that names the newest image, e.g. <c>/kiln/images/debian-12/x86_64</c>.</summary>
    public string Parameter(string architecture) => $"/kiln/images/{ParameterName}/{Ec2(architecture)}";

    /// <summary>How it is registered.</summary>
    internal Registration Registration(
        string architecture, string name, IReadOnlyList<(string Key, string Value)> tags) => new()
    {
        Name = name,
        Description = Description,
        Architecture = Ec2(architecture),
        BootMode = architecture == "arm64" ? "uefi" : "legacy-bios",
        // Both images ask with tokens.
        ImdsSupport = "v2.0",
        Tags = tags,
    };

    private static string Ec2(string architecture) => architecture == "amd64" ? "x86_64" : architecture;

    /// <summary>Everything that it needs on this machine.</summary>
    public IEnumerable<HostTool> ToolsFor(string architecture) =>
    [
        .. Common, .. Tools,
        new("grub-mkimage", "grub-common", "makes the boot loader"),
        .. architecture == "amd64" ? (HostTool[])[new(Grub, "grub-pc-bin", "is the boot loader")]
            :
            [
                new("mkfs.vfat", "dosfstools", "makes the EFI system partition"),
                new("mcopy", "mtools", "fills it"),
            ],
    ];
}
