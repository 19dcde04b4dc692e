using System.Xml.Linq;
using Kiln.Cli.Connections;

namespace Kiln.Cli.Images;

/// <summary>How a snapshot becomes an image.</summary>
internal sealed record Registration
{
    /// <summary>The image's name.</summary>
    public required string Name { get; init; }

    /// <summary>Its description.</summary>
    public required string Description { get; init; }

    /// <summary><c>x86_64</c> or <c>arm64</c>.</summary>
    public required string Architecture { get; init; }

    /// <summary>The boot mode, or null for the architecture's own.</summary>
    public string? BootMode { get; init; }

    /// <summary>The root's device name.</summary>
    public string RootDeviceName { get; init; } = "/dev/xvda";

    /// <summary><c>v2.0</c> where launches must use IMDSv2.</summary>
    public string? ImdsSupport { get; init; }

    /// <summary>Tags of the image.</summary>
    public IReadOnlyList<(string Key, string Value)> Tags { get; init; } = [];

    /// <summary>Registers the image.</summary>
    /// <returns>Its id.</returns>
    /// <exception cref="CallException">The service refused.</exception>
    public async Task<string> Register(AwsClient client, string snapshotId, CancellationToken cancel)
    {
        var parameters = new List<(string, string)>
        {
            ("Name", Name), ("Description", Description), ("Architecture", Architecture),
            ("VirtualizationType", "hvm"), ("EnaSupport", "true"), ("RootDeviceName", RootDeviceName),
            ("BlockDeviceMapping.1.DeviceName", RootDeviceName),
            ("BlockDeviceMapping.1.Ebs.SnapshotId", snapshotId),
            ("BlockDeviceMapping.1.Ebs.DeleteOnTermination", "true"),
        };
        if (BootMode is not null)
            parameters.Add(("BootMode", BootMode));
        if (ImdsSupport is not null)
            parameters.Add(("ImdsSupport", ImdsSupport));
        for (var i = 0; i < Tags.Count; i++)
        {
            parameters.Add(("TagSpecification.1.ResourceType", "image"));
            parameters.Add(($"TagSpecification.1.Tag.{i + 1}.Key", Tags[i].Key));
            parameters.Add(($"TagSpecification.1.Tag.{i + 1}.Value", Tags[i].Value));
        }
        var answer = await client.Ec2("RegisterImage", parameters.Distinct(), cancel);
        return answer.Element("imageId")?.Value ?? throw new CliException("The service's answer names no image.");
    }

    /// <summary>The images in an answer of DescribeImages.</summary>
    public static IEnumerable<XElement> Items(XElement answer) =>
        answer.Element("imagesSet")?.Elements("item") ?? [];
}
