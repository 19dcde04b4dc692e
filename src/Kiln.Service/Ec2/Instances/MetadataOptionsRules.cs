using System.Text.RegularExpressions;
using Kiln.Protocol.Errors;
using Kiln.Service.Ec2.Tags;

namespace Kiln.Service.Ec2.Instances;

/// <summary>What metadata options may be. EC2 API Reference "InstanceMetadataOptionsRequest".</summary>
public static partial class MetadataOptionsRules
{
    private const int HopLimitMax = 64;

    /// <summary>Options over a base; null leaves the base's.</summary>
    /// <exception cref="AwsException">InvalidParameterValue, UnsupportedOperation.</exception>
    public static MetadataOptions Merge(
        MetadataOptions current, string? tokens, int? hops, string? endpoint, string? ipv6, string? tags)
    {
        OneOf(tokens, "HttpTokens", "optional", "required");
        OneOf(endpoint, "HttpEndpoint", "enabled", "disabled");
        OneOf(ipv6, "HttpProtocolIpv6", "enabled", "disabled");
        OneOf(tags, "InstanceMetadataTags", "enabled", "disabled");
        if (hops is < 1 or > HopLimitMax)
            throw Ec2Error.InvalidParameterValue(
                $"{hops}", "HttpPutResponseHopLimit", $"Use a number from 1 to {HopLimitMax}.");
        if (ipv6 == "enabled")
            throw Ec2Error.UnsupportedOperation("Kiln's networks are IPv4: HttpProtocolIpv6 must be 'disabled'.");
        return new MetadataOptions
        {
            HttpTokens = tokens ?? current.HttpTokens,
            HttpPutResponseHopLimit = hops ?? current.HttpPutResponseHopLimit,
            HttpEndpoint = endpoint ?? current.HttpEndpoint,
            HttpProtocolIpv6 = ipv6 ?? current.HttpProtocolIpv6,
            InstanceMetadataTags = tags ?? current.InstanceMetadataTags,
        };
    }

    /// <summary>Whether a tag's key can be a name in the metadata tree.</summary>
    public static bool IsTagKey(string key) => key is not ("." or ".." or "_index") && TagKey().IsMatch(key);

    /// <summary>Checks the tags of an instance whose metadata shows them. EC2 User Guide "View tags for your EC2
    /// instances using instance metadata".</summary>
    /// <exception cref="AwsException">InvalidParameterValue.</exception>
    public static void CheckTags(MetadataOptions options, IEnumerable<Tag> tags)
    {
        if (options.InstanceMetadataTags == "enabled" && tags.FirstOrDefault(t => !IsTagKey(t.Key!)) is { } wrong)
            throw Ec2Error.InvalidParameterValue(
                $"'{wrong.Key}' is not a valid tag key. Tag keys must match pattern ([0-9a-zA-Z\\-_+=,.@:]{{1,255}}), "
                + "and must not be a reserved name ('.', '..', '_index')");
    }

    [GeneratedRegex(@"^[0-9a-zA-Z\-_+=,.@:]{1,255}\z")]
    private static partial Regex TagKey();

    private static void OneOf(string? value, string name, string one, string other)
    {
        if (value is not null && value != one && value != other)
            throw Ec2Error.InvalidParameterValue(Ec2Error.Short(value), name, $"Use {one} or {other}.");
    }
}
