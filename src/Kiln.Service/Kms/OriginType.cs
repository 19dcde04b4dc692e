using System.Runtime.Serialization;

namespace Kiln.Service.Kms;

/// <summary>Where key material comes from. Kiln has <see cref="AwsKms"/>.</summary>
public enum OriginType
{
    [EnumMember(Value = "AWS_KMS")] AwsKms,
    [EnumMember(Value = "EXTERNAL")] External,
    [EnumMember(Value = "AWS_CLOUDHSM")] AwsCloudhsm,
    [EnumMember(Value = "EXTERNAL_KEY_STORE")] ExternalKeyStore,
}
