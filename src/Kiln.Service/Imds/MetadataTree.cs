using System.Globalization;
using Kiln.Service.Ec2.Instances;
using Kiln.Service.Ec2.InstanceTypes;
using Kiln.Service.Ec2.Network;
using Kiln.Service.Ec2.Zones;

namespace Kiln.Service.Imds;

/// <summary>Everything that an instance can read, as one tree. docs/metadata.md is its table.</summary>
/// <remarks>EC2 User Guide "Access instance metadata for an EC2 instance", "Instance metadata categories".</remarks>
internal static class MetadataTree
{
    /// <summary>The versions that EC2 lists; any other date is answered as the latest, which holds them all.</summary>
    private static readonly string[] Versions =
    [
        "1.0", "2007-01-19", "2007-03-01", "2007-08-29", "2007-10-10", "2007-12-15", "2008-02-01", "2008-09-01",
        "2009-04-04", "2011-01-01", "2011-05-01", "2012-01-12", "2014-02-25", "2014-11-05", "2015-10-20",
        "2016-04-19", "2016-06-30", "2016-09-02", "2018-03-28", "2018-08-17", "2018-09-24", "2019-10-01",
        "2020-10-27", "2021-01-03", "2021-03-23", "2021-07-15", "2022-09-24", "2024-04-11", "latest",
    ];

    /// <summary>The tree of one instance at one moment.</summary>
    public static MetadataVersions Of(MetadataFacts facts, RoleCredentials credentials, InstanceIdentity identity) =>
        new(Versions, new MetadataFolder
        {
            { "dynamic", "dynamic", Dynamic(facts, identity) },
            { "meta-data", "meta-data", MetaData(facts, credentials) },
            { "user-data", UserData(facts.Instance) },
        });

    private static MetadataLeaf? UserData(Instance instance) => instance.UserData is { Length: > 0 } base64
        ? new MetadataLeaf("application/octet-stream",
            _ => Task.FromResult<ReadOnlyMemory<byte>?>(Convert.FromBase64String(base64)))
        : null;

    private static MetadataFolder Dynamic(MetadataFacts facts, InstanceIdentity identity)
    {
        var document = IdentityDocument.Of(facts.Instance);
        return new MetadataFolder
        {
            { "fws", new MetadataFolder
            {
                { "instance-monitoring", facts.Instance.Monitoring ? "enabled" : "disabled" },
            } },
            { "instance-identity", new MetadataFolder
            {
                { "document", document },
                { "signature", MetadataFolder.Leaf(cancel => identity.Signature(document, cancel)) },
                { "pkcs7", MetadataFolder.Leaf(cancel => identity.Pkcs7(document, cancel)) },
                { "rsa2048", MetadataFolder.Leaf(cancel => identity.Pkcs7(document, cancel)) },
            } },
        };
    }

    private static MetadataFolder MetaData(MetadataFacts facts, RoleCredentials credentials)
    {
        var instance = facts.Instance;
        var publicName = PublicName(facts);
        return new MetadataFolder
        {
            { "ami-id", instance.ImageId },
            { "ami-launch-index", instance.LaunchIndex.ToString(CultureInfo.InvariantCulture) },
            { "ami-manifest-path", "(unknown)" },
            { "block-device-mapping", Devices(facts) },
            { "events", new MetadataFolder
            {
                { "maintenance", new MetadataFolder { { "history", "[]" }, { "scheduled", "[]" } } },
            } },
            { "hibernation", new MetadataFolder { { "configured", "false" } } },
            { "hostname", PrivateName(instance) },
            { "iam", instance.IamInstanceProfileArn is null ? null : Profile(facts, credentials) },
            { "identity-credentials", new MetadataFolder
            {
                { "ec2", new MetadataFolder
                {
                    { "info", RoleCredentials.AccountInfo(instance) },
                    { "security-credentials", new MetadataFolder
                    {
                        { "ec2-instance", MetadataFolder.Leaf(cancel => credentials.OfInstance(instance, cancel)) },
                    } },
                } },
            } },
            { "instance-action", "none" },
            { "instance-id", instance.Id },
            { "instance-life-cycle", "on-demand" },
            { "instance-type", instance.InstanceType },
            { "kernel-id", instance.Platform.KernelId },
            { "local-hostname", PrivateName(instance) },
            { "local-ipv4", instance.PrivateIpAddress },
            { "mac", instance.MacAddress },
            { "metrics", new MetadataFolder { { "vhostmd", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>" } } },
            { "network", Network(facts, publicName) },
            { "placement", Placement(instance) },
            { "profile", "default-" + instance.Platform.VirtualizationType },
            { "public-hostname", publicName },
            { "public-ipv4", instance.PublicIpAddress },
            { "public-keys", Keys(instance) },
            { "ramdisk-id", instance.Platform.RamdiskId },
            { "reservation-id", instance.ReservationId },
            { "security-groups", Lines(facts, g => g.GroupName) },
            { "services", new MetadataFolder { { "domain", "amazonaws.com" }, { "partition", "aws" } } },
            { "system", InstanceTypeCatalog.Find(instance.InstanceType)?.Hypervisor ?? "xen" },
            { "tags", Tags(facts) },
        };
    }

    private static MetadataFolder Devices(MetadataFacts facts)
    {
        var root = facts.Instance.RootDeviceName;
        var folder = new MetadataFolder { { "ami", root }, { "root", root } };
        foreach (var (device, index) in facts.Devices.Where(d => d != root).Select((d, i) => (d, i + 1)))
            folder.Add($"ebs{index}", device["/dev/".Length..]);
        foreach (var device in facts.Instance.EphemeralDevices)
            folder.Add(device.VirtualName!, device.DeviceName.Replace("/dev/", "", StringComparison.Ordinal));
        return folder;
    }

    private static MetadataFolder Profile(MetadataFacts facts, RoleCredentials credentials)
    {
        var roles = new MetadataFolder();
        if (facts.Role is { } role)
        {
            roles.Add(role.Name,
                MetadataFolder.Leaf(cancel => credentials.OfRole(facts.Instance, role, cancel)));
        }
        return new MetadataFolder
        {
            { "info", credentials.ProfileInfo(facts) }, { "security-credentials", roles },
        };
    }

    private static MetadataFolder Network(MetadataFacts facts, string? publicName)
    {
        var instance = facts.Instance;
        var card = new MetadataFolder
        {
            { "device-number", "0" },
            { "interface-id", instance.NetworkInterfaceId },
            { "local-hostname", PrivateName(instance) },
            { "local-ipv4s", instance.PrivateIpAddress },
            { "mac", instance.MacAddress },
            { "owner-id", instance.AccountId },
            { "public-hostname", publicName },
            { "public-ipv4s", instance.PublicIpAddress },
            { "security-group-ids", Lines(facts, g => g.GroupId) },
            { "security-groups", Lines(facts, g => g.GroupName) },
            { "subnet-id", instance.SubnetId },
            { "subnet-ipv4-cidr-block", facts.Subnet?.CidrBlock },
            { "vpc-id", instance.VpcId },
            { "vpc-ipv4-cidr-block", facts.Vpc?.CidrBlock },
            { "vpc-ipv4-cidr-blocks", facts.Vpc?.CidrBlock },
        };
        if (instance.PublicIpAddress is { } address)
            card.Add("ipv4-associations", new MetadataFolder { { address, instance.PrivateIpAddress } });
        return new MetadataFolder
        {
            { "interfaces", new MetadataFolder
            {
                { "macs", new MetadataFolder { { instance.MacAddress, card } } },
            } },
        };
    }

    private static MetadataFolder Placement(Instance instance) => new()
    {
        { "availability-zone", instance.AvailabilityZone },
        { "availability-zone-id", Zone.ByName(instance.Region, instance.AvailabilityZone)?.Id },
        { "region", instance.Region },
    };

    private static MetadataFolder? Keys(Instance instance) =>
        instance is { KeyName: { } name, PublicKey: { } key }
            ? new MetadataFolder { { "0", "0=" + name, new MetadataFolder { { "openssh-key", key } } } }
            : null;

    private static MetadataFolder? Tags(MetadataFacts facts)
    {
        if (facts.Tags.Count == 0)
            return null;
        var tags = new MetadataFolder();
        foreach (var tag in facts.Tags.Where(t => MetadataOptionsRules.IsTagKey(t.Key!)))
            tags.Add(tag.Key!, tag.Value ?? "");
        return new MetadataFolder { { "instance", tags } };
    }

    private static string? Lines(MetadataFacts facts, Func<InterfaceGroup, string> text) =>
        facts.Instance.Interface is { } card ? string.Join('\n', card.Groups.Select(text)) : null;

    private static string PrivateName(Instance instance) =>
        DnsNames.Private(instance.Region, instance.PrivateIpAddress);

    private static string? PublicName(MetadataFacts facts) =>
        facts is { Instance.PublicIpAddress: { } address, Vpc.EnableDnsHostnames: true }
            ? DnsNames.Public(facts.Instance.Region, address) : null;
}
