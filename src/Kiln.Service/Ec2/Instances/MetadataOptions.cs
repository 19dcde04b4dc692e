namespace Kiln.Service.Ec2.Instances;

/// <summary>How an instance's metadata service answers. EC2 API Reference "InstanceMetadataOptionsResponse".</summary>
public sealed record MetadataOptions
{
    /// <summary><c>optional</c> or <c>required</c> (IMDSv2 only).</summary>
    public string HttpTokens { get; init; } = "optional";

    /// <summary>1 to 64.</summary>
    public int HttpPutResponseHopLimit { get; init; } = 1;

    /// <summary><c>enabled</c> or <c>disabled</c>.</summary>
    public string HttpEndpoint { get; init; } = "enabled";

    /// <summary><c>enabled</c> or <c>disabled</c>.</summary>
    public string HttpProtocolIpv6 { get; init; } = "disabled";

    /// <summary><c>enabled</c> or <c>disabled</c>.</summary>
    public string InstanceMetadataTags { get; init; } = "disabled";
}
