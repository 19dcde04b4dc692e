using Kiln.Protocol.Errors;

namespace Kiln.Service.Ec2.Instances;

/// <summary>What metadata options may be. EC2 API Reference "InstanceMetadataOptionsRequest".</summary>
public static class MetadataOptionsRules
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

    private static void OneOf(string? value, string name, string one, string other)
    {
        if (value is not null && value != one && value != other)
            throw Ec2Error.InvalidParameterValue(Ec2Error.Short(value), name, $"Use {one} or {other}.");
    }
}
