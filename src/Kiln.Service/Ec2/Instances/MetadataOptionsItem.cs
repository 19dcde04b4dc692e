namespace Kiln.Service.Ec2.Instances;

/// <summary>How an instance's metadata service answers, on the wire.</summary>
public sealed record MetadataOptionsItem(
    string State, string HttpTokens, int HttpPutResponseHopLimit, string HttpEndpoint, string HttpProtocolIpv6,
    string InstanceMetadataTags)
{
    /// <summary>Options as they are in force.</summary>
    public static MetadataOptionsItem Of(MetadataOptions options) => new(
        "applied", options.HttpTokens, options.HttpPutResponseHopLimit, options.HttpEndpoint,
        options.HttpProtocolIpv6, options.InstanceMetadataTags);
}
